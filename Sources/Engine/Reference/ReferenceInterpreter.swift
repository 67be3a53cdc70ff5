public import Bytes
public import Graph
public import Tensors

/// Evaluates graphs slowly and obviously, in double precision: the oracle that kernels, passes and
/// the constant folder are held against.
///
/// Formulas: `Formats/operators.md`. Not for use: it stores every value as doubles and runs on one thread, without vector code.
public struct ReferenceInterpreter: Sendable {
  public let weights: WeightTable

  public init(weights: WeightTable = WeightTable()) { self.weights = weights }

  /// The named outputs of `graph`; a value is dropped after its last use.
  /// - Throws: `graph.*` when the graph or the inputs do not fit, `reference.*` when a weight is
  ///   missing or of another shape, or an index is outside its table.
  public func evaluate(
    _ graph: Graph, inputs: [String: Tensor]
  ) throws(Failure) -> [String: ReferenceValue] {
    let values = try run(graph, inputs, keepingAll: false)
    var results: [String: ReferenceValue] = [:]
    for output in graph.outputs { results[output.name] = values[output.value] }
    return results
  }

  /// Every value of `graph`, for finding the first one that differs from something else.
  /// - Throws: as `evaluate`.
  public func trace(
    _ graph: Graph, inputs: [String: Tensor]
  ) throws(Failure) -> [ValueID: ReferenceValue] {
    try run(graph, inputs, keepingAll: true)
  }

  private func run(
    _ graph: Graph, _ inputs: [String: Tensor], keepingAll: Bool
  ) throws(Failure) -> [ValueID: ReferenceValue] {
    try graph.verify()
    let sizes = try graph.bindings(inputShapes: inputs.mapValues(\.shape.dimensions))
    let bound = try graph.bound(to: sizes)
    let lastUse = keepingAll ? [:] : lastUses(of: bound)
    var values: [ValueID: ReferenceValue] = [:]
    for (index, node) in bound.nodes.enumerated() {
      var operands: [ReferenceValue] = []
      for id in node.operands {
        let value = if let known = values[id] { known } else { try leaf(id, of: bound, inputs) }
        values[id] = value
        operands.append(value)
      }
      do {
        values[node.result] = try Self.apply(node.op, to: operands)
      } catch {
        var failure = error
        failure.place = [node.label, error.place].compactMap { $0 }.joined(separator: ", ")
        throw failure
      }
      for id in Set(node.operands + [node.result]) where lastUse[id] == index { values[id] = nil }
    }
    for id in keepingAll ? bound.values.indices.map(ValueID.init) : bound.outputs.map(\.value)
    where values[id] == nil {
      values[id] = try leaf(id, of: bound, inputs)
    }
    return values
  }

  /// The node after which a value is no longer needed; outputs have none.
  private func lastUses(of graph: Graph) -> [ValueID: Int] {
    var result: [ValueID: Int] = [:]
    for (index, node) in graph.nodes.enumerated() {
      for id in node.operands + [node.result] { result[id] = index }
    }
    for output in graph.outputs { result[output.value] = nil }
    return result
  }

  /// An input or a weight, checked against its declared type.
  private func leaf(
    _ id: ValueID, of graph: Graph, _ inputs: [String: Tensor]
  ) throws(Failure) -> ReferenceValue {
    let (what, name, tensor): (String, String, Tensor?) =
      switch graph[id].definition {
      case .input(let name): ("input", name, inputs[name])
      case .weight(let name): ("weight", name, weights[name])
      case .node(let index): ("result of node", String(index), nil)
      }
    guard let tensor else {
      throw Failure(
        .badInput, code: "reference.missing", "there is no \(what) \(name)",
        place: "graph \(graph.name)")
    }
    let value = try ReferenceValue(tensor)
    guard value.type == graph[id].type else {
      throw Failure(
        .badInput, code: "reference.type",
        "\(what) \(name) is \(value.type), not \(graph[id].type)", place: "graph \(graph.name)")
    }
    return value
  }
}
