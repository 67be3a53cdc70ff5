internal import Bytes
internal import Graph

extension Pass {
  /// Before: `a = linear(x, w, b)`, optionally `r = reshape(a)`, `y = add(shortcut, r)`.
  ///
  /// After: `y = reshape(linear(x, w, b, reshape(shortcut)))`. Conditions: nothing else uses `a`
  /// and `r`; the shortcut has the type of `r` (no broadcast); the linear has no residual yet.
  /// Algebra: addition commutes; the same numbers are added.
  public static let fuseResidualIntoLinear = Pass(
    name: "fuse-residual-into-linear", promise: .exact,
    summary: "adds the shortcut inside the product before it"
  ) { (graph, _) throws(Failure) in
    var rewriter = Rewriter(graph)
    let fusions = residualFusions(rewriter)
    for node in graph.nodes {
      if fusions.delayed.contains(node.result) { continue }
      guard let fusion = fusions.byAdd[node.result] else {
        try rewriter.copy(node)
        continue
      }
      try rewriter.fuse(fusion, into: node)
    }
    return try rewriter.finish()
  }
}

/// A linear whose result is added to a shortcut.
private struct ResidualFusion {
  let linear: Graph.Node
  let parameters: Linear
  let shortcut: ValueID
}

/// Fusions by the result of their `add`, and the values that are computed there instead of at their
/// former place.
private func residualFusions(
  _ rewriter: Rewriter
) -> (byAdd: [ValueID: ResidualFusion], delayed: Set<ValueID>) {
  var byAdd: [ValueID: ResidualFusion] = [:]
  var delayed: Set<ValueID> = []
  for node in rewriter.source.nodes where node.op == .add {
    for (side, other) in [(0, 1), (1, 0)] where byAdd[node.result] == nil {
      let shortcut = node.operands[other]
      let chain = linearChain(endingAt: node.operands[side], rewriter)
      guard let linear = chain.last, case .linear(let parameters) = linear.op,
        !parameters.hasResidual, node.operands[side] != shortcut,
        rewriter.source[shortcut].type == rewriter.source[node.result].type,
        rewriter.source[node.operands[side]].type == rewriter.source[node.result].type,
        !delayed.contains(shortcut)
      else { continue }
      byAdd[node.result] = ResidualFusion(
        linear: linear, parameters: parameters, shortcut: shortcut)
      delayed.formUnion(chain.map(\.result))
    }
  }
  return (byAdd, delayed)
}

/// `[linear]` or `[reshape, linear]` that ends at `value`, each used only by the next; else empty.
private func linearChain(endingAt value: ValueID, _ rewriter: Rewriter) -> [Graph.Node] {
  guard let last = rewriter.producer(of: value), rewriter.soleConsumer(of: value) != nil else {
    return []
  }
  if case .linear = last.op { return [last] }
  guard case .reshape = last.op, let linear = rewriter.producer(of: last.operands[0]),
    case .linear = linear.op, rewriter.soleConsumer(of: linear.result) != nil
  else { return [] }
  return [last, linear]
}

extension Rewriter {
  fileprivate mutating func fuse(_ fusion: ResidualFusion, into add: Graph.Node) throws(Failure) {
    var operands: [ValueID] = []
    for operand in fusion.linear.operands { operands.append(try map(operand)) }
    var parameters = fusion.parameters
    parameters.hasResidual = true
    let product = source[fusion.linear.result].type
    let sum = source[add.result].type
    var shortcut = try map(fusion.shortcut)
    if product != sum {
      shortcut = try self.add(.reshape(product.shape), [shortcut], label: add.label)
    }
    var result = try self.add(
      .linear(parameters), operands + [shortcut], label: fusion.linear.label)
    if product != sum { result = try self.add(.reshape(sum.shape), [result], label: add.label) }
    replace(add.result, with: result)
  }
}
