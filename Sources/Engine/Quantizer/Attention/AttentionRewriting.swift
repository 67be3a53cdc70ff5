internal import Bytes
internal import Graph
internal import Passes

/// Rewrites attention to int8 where the recipe asks for it.
struct AttentionRewriting {
  private let recipe: Recipe
  /// Weights whose products went back to floating point.
  ///
  /// An attention whose label begins one of these names follows them.
  private let returned: [String]

  init(_ recipe: Recipe, returned: some Sequence<String> = []) {
    self.recipe = recipe
    self.returned = Array(returned)
  }

  func rewrite(_ graph: Graph) throws(Failure) -> Graph {
    var rewriter = Rewriter(graph)
    for node in graph.nodes {
      guard case .attention(let heads, let scale) = node.op, isQuantized(node, in: graph) else {
        try rewriter.copy(node)
        continue
      }
      var operands: [ValueID] = []
      for operand in node.operands { operands.append(try rewriter.map(operand)) }
      let result = try rewriter.add(
        .quantizedAttention(heads: heads, scale: scale), operands, label: node.label)
      rewriter.replace(node.result, with: result)
    }
    return try rewriter.finish()
  }

  /// Labels of all attention layers.
  static func labels(of model: Model) -> [String] {
    model.graphs.flatMap { graph in
      graph.nodes.compactMap { if case .attention = $0.op { $0.label } else { nil } }
    }
  }

  private func isQuantized(_ node: Graph.Node, in graph: Graph) -> Bool {
    if returned.contains(where: { $0.hasPrefix(node.label + ".") }) { return false }
    let keys = graph[node.operands[1]].type.shape[1].fixed
    return recipe.reasonToKeepAttention(label: node.label, graph: graph.name, keys: keys) == nil
  }
}
