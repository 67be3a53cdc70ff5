/// The type of a value's elements, regardless of the width in which they are stored.
public enum ElementType: UInt8, Sendable, Hashable, CaseIterable {
  /// 32-bit float arithmetic; weights may be stored as f32, f16 or bf16.
  case float = 1
  /// 32-bit integers: indices and labels.
  case int32 = 2
  /// Signed 8-bit weights.
  case int8 = 3

  public var name: String {
    switch self {
    case .float: "float"
    case .int32: "int32"
    case .int8: "int8"
    }
  }
}

/// Element type and symbolic shape of a value.
public struct TensorType: Hashable, Sendable {
  public var element: ElementType
  public var shape: [Dim]

  public init(_ element: ElementType, _ shape: [Dim]) {
    self.element = element
    self.shape = shape
  }

  public static func float(_ shape: Dim...) -> TensorType { TensorType(.float, shape) }
}

extension TensorType: CustomStringConvertible {
  public var description: String {
    "\(element.name)[\(shape.map(\.description).joined(separator: ", "))]"
  }
}
