internal import Graph

/// Finds the part of a graph that depends on nothing but weights: position codes, above all.
enum ConstantFolding {
  /// For each node, whether its operands are constant and its size needs no symbol.
  static func foldableNodes(_ graph: Graph) -> [Bool] {
    var isConstant = graph.values.map { value in
      if case .weight = value.definition { true } else { false }
    }
    return graph.nodes.map { node in
      let fixed = graph[node.result].type.shape.allSatisfy { $0.fixed != nil }
      let foldable = fixed && node.operands.allSatisfy { isConstant[$0.index] }
      isConstant[node.result.index] = foldable
      return foldable
    }
  }

  /// The same graph whose outputs are the folded values that something else needs, named by their
  /// number.
  static func constantPart(_ graph: Graph, foldable: [Bool]) -> Graph {
    var wanted: Set<ValueID> = []
    let needed = Planner.neededNodes(graph)
    for (index, node) in graph.nodes.enumerated() where needed[index] && !foldable[index] {
      // What is packed is packed from the weight table; the plain floats are not needed.
      let packed = PackedKind(node.op)?.operands ?? 0..<0
      for (position, operand) in node.operands.enumerated() where !packed.contains(position) {
        wanted.insert(operand)
      }
    }
    wanted.formUnion(graph.outputs.map(\.value))
    var part = graph
    part.outputs = wanted.sorted { $0.index < $1.index }.filter { id in
      if case .node(let maker) = graph[id].definition { foldable[maker] } else { false }
    }.map { .init(name: String($0.index), value: $0) }
    return part
  }
}
