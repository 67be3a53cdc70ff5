internal import Bytes
internal import Graph

/// A run of nodes of a graph as a graph of its own, so that a graph can be run piece by piece.
///
/// Inputs and outputs are called by the number of their value. Nodes that depend on weights only
/// are computed again in each segment that needs them.
struct GraphSegment {
  let graph: Graph
  let inputs: [ValueID]
  let outputs: [ValueID]

  static func name(_ value: ValueID) -> String { "value \(value.index)" }

  /// Nodes `range` of `whole`, whose sizes must be fixed.
  ///
  /// Nil when nothing is computed in them that is needed later.
  init?(_ range: Range<Int>, of whole: Graph) throws(Failure) {
    let constant = Self.constantValues(whole)
    let later = Self.neededValues(of: whole, from: range.upperBound)
    outputs = whole.nodes[range].map(\.result).filter {
      later.contains($0) && !constant[$0.index]
    }
    guard !outputs.isEmpty else { return nil }
    var builder = GraphBuilder("segment")
    var mapping: [ValueID: ValueID] = [:]
    var inputs: [ValueID] = []

    func map(_ value: ValueID) throws(Failure) -> ValueID {
      if let known = mapping[value] { return known }
      let mapped: ValueID
      switch whole[value].definition {
      case .weight(let name): mapped = builder.weight(name, whole[value].type)
      case .node(let index) where range.contains(index) || constant[value.index]:
        let node = whole.nodes[index]
        var operands: [ValueID] = []
        for operand in node.operands { operands.append(try map(operand)) }
        mapped = try builder.add(node.op, operands, label: node.label)
      case .node, .input:
        mapped = builder.input(Self.name(value), whole[value].type)
        inputs.append(value)
      }
      mapping[value] = mapped
      return mapped
    }
    for value in outputs { builder.output(Self.name(value), try map(value)) }
    self.inputs = inputs
    graph = builder.graph
  }

  /// Values that nodes from `start` on, or outputs of the graph, need.
  static func neededValues(of graph: Graph, from start: Int) -> Set<ValueID> {
    Set(graph.nodes[start...].flatMap(\.operands)).union(graph.outputs.map(\.value))
  }

  /// For each value, whether it depends on nothing but weights.
  private static func constantValues(_ graph: Graph) -> [Bool] {
    var isConstant = graph.values.map { value in
      if case .weight = value.definition { true } else { false }
    }
    for node in graph.nodes {
      isConstant[node.result.index] = node.operands.allSatisfy { isConstant[$0.index] }
    }
    return isConstant
  }
}
