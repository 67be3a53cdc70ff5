public import Bytes

/// Position of a value in `Graph.values`.
public struct ValueID: Hashable, Sendable {
  public let index: Int
  public init(_ index: Int) { self.index = index }
}

/// A straight-line program of operators in single-assignment form: each value is defined once,
/// before it is used.
///
/// No loops, no code, no paths. Control flow is in the Swift code above this layer.
public struct Graph: Sendable, Hashable {
  /// Where a value comes from.
  public enum Definition: Hashable, Sendable {
    /// Named operand of the caller.
    case input(String)
    /// Entry of the model's weight table.
    case weight(String)
    /// Result of the node at this position.
    case node(Int)
  }

  public struct Value: Hashable, Sendable {
    public var type: TensorType
    public var definition: Definition

    public init(type: TensorType, definition: Definition) {
      self.type = type
      self.definition = definition
    }
  }

  public struct Node: Hashable, Sendable {
    public var op: Op
    public var operands: [ValueID]
    public var result: ValueID
    /// Path of the layer in the reference, for readers and profiles; nothing depends on it.
    public var label: String

    public init(op: Op, operands: [ValueID], result: ValueID, label: String) {
      self.op = op
      self.operands = operands
      self.result = result
      self.label = label
    }
  }

  public struct Output: Hashable, Sendable {
    public var name: String
    public var value: ValueID

    public init(name: String, value: ValueID) {
      self.name = name
      self.value = value
    }
  }

  public var name: String
  public var values: [Value]
  /// Ordered so that each node's operands are defined before it.
  public var nodes: [Node]
  public var outputs: [Output]

  public init(name: String, values: [Value] = [], nodes: [Node] = [], outputs: [Output] = []) {
    self.name = name
    self.values = values
    self.nodes = nodes
    self.outputs = outputs
  }

  public subscript(id: ValueID) -> Value { values[id.index] }

  /// Named operands of the caller, in order of definition.
  public var inputs: [(name: String, value: ValueID)] {
    values.indices.compactMap { index in
      if case .input(let name) = values[index].definition { (name, ValueID(index)) } else { nil }
    }
  }

  /// The name of the weight that a value refers to; nil for inputs and computed values.
  public func weightName(_ value: ValueID) -> String? {
    if case .weight(let name) = self[value].definition { name } else { nil }
  }

  /// Names of the weights in use, in order of definition.
  public var weightNames: [String] {
    values.compactMap { if case .weight(let name) = $0.definition { name } else { nil } }
  }

  /// Sizes of the symbols, taken from the shapes of the actual inputs.
  /// - Throws: `graph.inputs` if an input is missing or its shape does not fit.
  public func bindings(inputShapes: [String: [Int]]) throws(Failure) -> [Symbol: Int] {
    var sizes: [Symbol: Int] = [:]
    for (name, id) in inputs {
      let declared = self[id].type.shape
      guard let actual = inputShapes[name], actual.count == declared.count else {
        throw Failure(
          .internalError, code: "graph.inputs",
          "graph \(self.name) needs input \(name) of type \(self[id].type)")
      }
      for (dim, size) in zip(declared, actual) {
        if dim.constant == 0, dim.terms.count == 1, dim.terms[0].coefficient == 1,
          sizes[dim.terms[0].symbol] == nil
        {
          sizes[dim.terms[0].symbol] = size
        }
        guard dim.value(sizes) == size else {
          throw Failure(
            .internalError, code: "graph.inputs",
            "input \(name) has shape \(actual), not \(self[id].type)", place: "graph \(self.name)")
        }
      }
    }
    return sizes
  }

  /// The same graph with every symbol replaced by its size and all types inferred again.
  /// - Throws: `graph.unbound`, `graph.shape`; `graph.memory` and `graph.work` if one call needs
  ///   more than `budget` allows.
  public func bound(
    to sizes: [Symbol: Int], within budget: GraphBudget = .standard
  ) throws(Failure) -> Graph {
    func fix(_ dim: Dim) throws(Failure) -> Dim {
      guard let value = dim.value(sizes), (0...Limit.size).contains(value) else {
        throw Failure(
          .badInput, code: "graph.unbound",
          "size \(dim) of graph \(name) is not known or impossible")
      }
      return Dim(constant: value)
    }
    func fix(_ shape: [Dim]) throws(Failure) -> [Dim] {
      var result: [Dim] = []
      for dim in shape { result.append(try fix(dim)) }
      return result
    }
    var copy = self
    for index in values.indices {
      copy.values[index].type.shape = try fix(values[index].type.shape)
    }
    for index in nodes.indices {
      copy.nodes[index].op = try nodes[index].op.replacingDims(fix)
      let operands = nodes[index].operands.map { copy[$0].type }
      let inferred = try copy.nodes[index].op.resultType(operands)
      guard inferred == copy[nodes[index].result].type else {
        throw Failure(
          .badInput, code: "graph.shape",
          "\(nodes[index].label) gives \(inferred), not \(copy[nodes[index].result].type)",
          place: "graph \(name)")
      }
    }
    _ = try GraphDemand(copy, constant: constantNodes, within: budget)
    return copy
  }
}

extension Op {
  /// The same operator with each symbolic size in its payload replaced.
  fileprivate func replacingDims(
    _ replace: (Dim) throws(Failure) -> Dim
  ) throws(Failure) -> Op {
    func all(_ shape: [Dim]) throws(Failure) -> [Dim] {
      var result: [Dim] = []
      for dim in shape { result.append(try replace(dim)) }
      return result
    }
    switch self {
    case .axialAttention(var p):
      p.rotated = try replace(p.rotated)
      return .axialAttention(p)
    case .rotatePairs(let rotated): return .rotatePairs(rotated: try replace(rotated))
    case .reshape(let shape): return .reshape(try all(shape))
    case .broadcast(let shape): return .broadcast(try all(shape))
    case .fill(let value, let shape): return .fill(value, try all(shape))
    case .slice(let axis, let start, let count):
      return .slice(axis: axis, start: try replace(start), count: try replace(count))
    case .linear, .quantizedLinear, .matmulTransposed, .conv2d, .convTranspose2d, .attention,
      .quantizedAttention, .layerNorm, .batchNorm, .activation, .add, .multiply, .affine, .maxPool,
      .averagePool, .resize, .windowPartition, .windowMerge, .transpose, .concat, .gather,
      .fourierFeatures, .sineFeatures, .pixelGrid,
      .sineGrid, .rotaryTable, .dequantize:
      return self
    }
  }
}
