public import Tensors

/// Weights by name, in a fixed order.
public struct WeightTable: Sendable {
  public private(set) var names: [String] = []
  private var tensors: [String: Tensor] = [:]

  public init() {}

  public var count: Int { names.count }

  public subscript(name: String) -> Tensor? { tensors[name] }

  /// Adds a weight, or replaces the one with that name in place.
  public mutating func set(_ name: String, _ tensor: Tensor) {
    if tensors.updateValue(tensor, forKey: name) == nil { names.append(name) }
  }

  public mutating func remove(_ name: String) {
    if tensors.removeValue(forKey: name) != nil { names.removeAll { $0 == name } }
  }

  /// Removes all weights except those whose names are in `kept`.
  public mutating func keepOnly(_ kept: Set<String>) {
    names.removeAll { !kept.contains($0) }
    tensors = tensors.filter { kept.contains($0.key) }
  }

  /// Bytes of all elements together.
  public var byteCount: Int { tensors.values.reduce(0) { $0 + $1.byteCount } }
}

extension DType {
  /// The element type in a graph of weights with this storage type; nil if there is none.
  public var elementType: ElementType? {
    switch self {
    case .float32, .float16, .bfloat16: .float
    case .int8: .int8
    case .int32: .int32
    case .float64, .uint8, .int16, .int64, .bool: nil
    }
  }
}
