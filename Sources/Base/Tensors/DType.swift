/// Element type of a tensor.
///
/// The raw value is the code in `.sam2` files.
public enum DType: UInt8, Sendable, CaseIterable, Hashable {
  case float32 = 1
  case float16 = 2
  case bfloat16 = 3
  case float64 = 4
  case int8 = 5
  case uint8 = 6
  case int16 = 7
  case int32 = 8
  case int64 = 9
  case bool = 10

  /// Bytes of one element.
  public var byteCount: Int {
    switch self {
    case .int8, .uint8, .bool: 1
    case .float16, .bfloat16, .int16: 2
    case .float32, .int32: 4
    case .float64, .int64: 8
    }
  }

  /// True for the four floating-point types.
  public var isFloatingPoint: Bool {
    switch self {
    case .float32, .float16, .bfloat16, .float64: true
    case .int8, .uint8, .int16, .int32, .int64, .bool: false
    }
  }

  /// Short name as printed and used in JSON: "f32", "bf16", "i8".
  public var name: String {
    switch self {
    case .float32: "f32"
    case .float16: "f16"
    case .bfloat16: "bf16"
    case .float64: "f64"
    case .int8: "i8"
    case .uint8: "u8"
    case .int16: "i16"
    case .int32: "i32"
    case .int64: "i64"
    case .bool: "bool"
    }
  }
}
