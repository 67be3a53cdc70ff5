internal import Bytes
internal import Graph

extension Pass {
  /// Before: nodes and weights that no output depends on.
  ///
  /// After: none of them. Conditions: none. Inputs stay, since callers pass them by name.
  public static let eliminateDeadCode = Pass(
    name: "eliminate-dead-code", promise: .exact,
    summary: "drops nodes and weights that no output depends on"
  ) { (graph, _) throws(Failure) in
    var needed = Set(graph.outputs.map(\.value))
    for node in graph.nodes.reversed() where needed.contains(node.result) {
      needed.formUnion(node.operands)
    }
    var rewriter = Rewriter(graph)
    for node in graph.nodes where needed.contains(node.result) { try rewriter.copy(node) }
    return try rewriter.finish()
  }
}
