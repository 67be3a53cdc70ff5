import Bytes
import Tensors

// Element types as safetensors spells them.

extension DType {
  /// "F32", "BF16", "I8", "BOOL".
  var safetensorsName: String {
    switch self {
    case .float32: "F32"
    case .float16: "F16"
    case .bfloat16: "BF16"
    case .float64: "F64"
    case .int8: "I8"
    case .uint8: "U8"
    case .int16: "I16"
    case .int32: "I32"
    case .int64: "I64"
    case .bool: "BOOL"
    }
  }

  /// The place in the format's own list of types; its writers put the highest first, so that every
  /// tensor is aligned to its element size.
  var safetensorsRank: Int {
    switch self {
    case .bool: 0
    case .uint8: 1
    case .int8: 2
    case .int16: 3
    case .float16: 4
    case .bfloat16: 5
    case .int32: 6
    case .float32: 7
    case .float64: 8
    case .int64: 9
    }
  }

  /// The type of that name, which is spelled in capitals.
  /// - Throws: `st.dtype`.
  init(safetensorsName name: String) throws(Failure) {
    if let found = DType.allCases.first(where: { $0.safetensorsName == name }) {
      self = found
      return
    }
    let supported = DType.allCases.map(\.safetensorsName).joined(separator: ", ")
    let isKnown = DType.otherSafetensorsNames.contains(name)
    throw Failure(
      .badInput, code: "st.dtype",
      "the element type \(printable(name, limit: 20)) is "
        + (isKnown ? "not supported" : "not one of the format's"),
      hint: "supported are \(supported)")
  }

  /// Types of the format that no SAM 2 weight has.
  private static let otherSafetensorsNames: Set<String> = [
    "U16", "U32", "U64", "C64", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ",
    "F6_E2M3", "F6_E3M2", "F4",
  ]
}
