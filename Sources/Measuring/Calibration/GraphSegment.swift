internal import Bytes
internal import Graph

/// A run of nodes in a graph as a graph of its own, so that a graph can be run piece by piece.
///
/// Inputs and outputs are named by value number. Nodes that depend only on weights are computed
/// again in each segment that needs them.
struct GraphSegment {
  let graph: Graph
  let inputs: [ValueID]
  let outputs: [ValueID]

  static func name(_ value: ValueID) -> String { "value \(value.index)" }

  /// Nodes `range` of `whole`, whose sizes must be fixed.
  ///
  /// Nil if the nodes compute nothing that is needed later.
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
    for index in Self.nodes(for: outputs, in: range, of: whole, constant: constant) {
      let node = whole.nodes[index]
      var operands: [ValueID] = []
      for operand in node.operands {
        if mapping[operand] == nil {
          // A node in this segment has already added its result.
          switch whole[operand].definition {
          case .weight(let name): mapping[operand] = builder.weight(name, whole[operand].type)
          case .node, .input:
            mapping[operand] = builder.input(Self.name(operand), whole[operand].type)
            inputs.append(operand)
          }
        }
        if let mapped = mapping[operand] { operands.append(mapped) }
      }
      mapping[node.result] = try builder.add(node.op, operands, label: node.label)
    }
    for value in outputs {
      if let mapped = mapping[value] { builder.output(Self.name(value), mapped) }
    }
    self.inputs = inputs
    graph = builder.graph
  }

  /// Positions of the nodes needed by `outputs`: those in `range`, and any constants before it.
  private static func nodes(
    for outputs: [ValueID], in range: Range<Int>, of whole: Graph, constant: [Bool]
  ) -> [Int] {
    var needed = Set(outputs)
    var nodes: [Int] = []
    for index in whole.nodes[..<range.upperBound].indices.reversed() {
      let node = whole.nodes[index]
      guard needed.contains(node.result),
        range.contains(index) || constant[node.result.index]
      else { continue }
      needed.formUnion(node.operands)
      nodes.append(index)
    }
    return nodes.reversed()
  }

  /// Values needed by nodes from `start` on, or by the graph's outputs.
  static func neededValues(of graph: Graph, from start: Int) -> Set<ValueID> {
    Set(graph.nodes[start...].flatMap(\.operands)).union(graph.outputs.map(\.value))
  }

  /// For each value, whether it depends only on weights.
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
