internal import Graph

/// Finds the part of a graph that depends on nothing but weights, such as position codes.
enum ConstantFolding {
  /// The same graph whose outputs are the folded values that something else needs, named by their
  /// number.
  static func constantPart(_ graph: Graph, foldable: [Bool]) -> Graph {
    var requested: Set<ValueID> = []
    let needed = neededNodes(graph)
    for (index, node) in graph.nodes.enumerated() where needed[index] && !foldable[index] {
      // Packed weights are packed from the weight table; their plain floats are not needed.
      let packed = PackedKind(node.op)?.operands ?? 0..<0
      for (position, operand) in node.operands.enumerated() where !packed.contains(position) {
        requested.insert(operand)
      }
    }
    requested.formUnion(graph.outputs.map(\.value))
    var part = graph
    part.outputs = requested.sorted { $0.index < $1.index }.filter { id in
      if case .node(let producer) = graph[id].definition { foldable[producer] } else { false }
    }.map { .init(name: String($0.index), value: $0) }
    return part
  }

  /// Nodes that some output depends on.
  static func neededNodes(_ graph: Graph) -> [Bool] {
    var needed = Array(repeating: false, count: graph.nodes.count)
    var values = Set(graph.outputs.map(\.value.index))
    for index in graph.nodes.indices.reversed()
    where values.contains(graph.nodes[index].result.index) {
      needed[index] = true
      for operand in graph.nodes[index].operands { values.insert(operand.index) }
    }
    return needed
  }
}
