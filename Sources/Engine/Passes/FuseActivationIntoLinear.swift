internal import Bytes
internal import Graph

extension Pass {
  /// Before: `a = linear(x, w, b)`, `y = activation[f](a)`.
  ///
  /// After: `y = linear[f](x, w, b)`. Conditions: nothing else uses `a`; the linear has no
  /// activation and no residual yet. Algebra: the same operations on the same numbers, without a
  /// trip through memory.
  public static let fuseActivationIntoLinear = Pass(
    name: "fuse-activation-into-linear", promise: .exact,
    summary: "computes ReLU, GELU and sigmoid inside the product before them"
  ) { (graph, _) throws(Failure) in
    var rewriter = Rewriter(graph)
    for node in graph.nodes {
      if case .activation = node.op, fusableLinear(before: node, rewriter) != nil {
        // Its linear replaces it.
        continue
      }
      guard case .linear(var parameters) = node.op,
        let next = rewriter.soleConsumer(of: node.result),
        case .activation(let kind) = next.op, parameters.isBare
      else {
        try rewriter.copy(node)
        continue
      }
      parameters.activation = kind
      var operands: [ValueID] = []
      for operand in node.operands { operands.append(try rewriter.map(operand)) }
      let fused = try rewriter.add(.linear(parameters), operands, label: node.label)
      rewriter.replace(node.result, with: fused)
      rewriter.replace(next.result, with: fused)
    }
    return try rewriter.finish()
  }
}

private func fusableLinear(before node: Graph.Node, _ rewriter: Rewriter) -> Graph.Node? {
  guard let producer = rewriter.producer(of: node.operands[0]), case .linear(let p) = producer.op,
    p.isBare, rewriter.soleConsumer(of: producer.result) != nil
  else { return nil }
  return producer
}

extension Linear {
  /// No activation and no residual yet.
  var isBare: Bool { activation == .none && !hasResidual }
}
