internal import Bytes
internal import Graph
internal import Tensors

extension Pass {
  /// Before: `v = linear(m, wv, bv)`, `a = attention(q, k, v)` with one head,
  /// `y = linear(a, wo, bo)`.
  ///
  /// After: `y = linear(attention(q, k, m), wo wv, wo bv + bo)`. Conditions: nothing else uses `v`
  /// and `a`; the linear before is bare; rows of `m` are narrower than those of `v`, or nothing is
  /// gained. Algebra: rows of the softmax P sum to one, so
  /// (P (m wv^T + 1 bv^T)) wo^T + 1 bo^T = (P m) (wo wv)^T + 1 (wo bv + bo)^T.
  ///
  /// SAM 2's memory attention has 64 channels of memory and 256 of values: the product with the
  /// values shrinks to a quarter, and the projection of the memory is no longer needed.
  public static let foldValuesIntoOutput = Pass(
    name: "fold-values-into-output", promise: .algebraic,
    summary: "weighs narrow tokens instead of their projected values in one-headed attention"
  ) { (graph, weights) throws(Failure) in
    var rewriter = Rewriter(graph)
    let folds = valueFolds(rewriter)
    let delayed = Set(folds.values.map(\.values.result))
    let byAttention = Dictionary(
      folds.values.map { ($0.attention.result, $0) }, uniquingKeysWith: { first, _ in first })
    for node in graph.nodes {
      // The projection of the values is dropped; the attention on narrow values replaces the old
      // one in its place, since its queries and keys are computed by then.
      if delayed.contains(node.result) { continue }
      if let fold = byAttention[node.result] {
        var operands: [ValueID] = []
        for operand in [node.operands[0], node.operands[1], fold.values.operands[0]] {
          operands.append(try rewriter.map(operand))
        }
        rewriter.replace(
          node.result, with: try rewriter.add(node.op, operands, label: node.label))
      } else if let fold = folds[node.result] {
        try rewriter.fold(fold, into: node, &weights)
      } else {
        try rewriter.copy(node)
      }
    }
    return try rewriter.finish()
  }
}

/// An attention whose projection of values can be moved after it.
private struct ValueFold {
  let values: Graph.Node
  let valueParameters: Linear
  let attention: Graph.Node
}

/// Folds by the result of the linear layer that takes them in.
private func valueFolds(_ rewriter: Rewriter) -> [ValueID: ValueFold] {
  let graph = rewriter.source
  var folds: [ValueID: ValueFold] = [:]
  for node in graph.nodes {
    guard case .attention(heads: 1, _) = node.op,
      let output = rewriter.soleConsumer(of: node.result), case .linear = output.op,
      output.operands[0] == node.result,
      let values = rewriter.producer(of: node.operands[2]),
      case .linear(let parameters) = values.op,
      parameters.isBare, rewriter.soleConsumer(of: values.result) != nil,
      let narrow = graph[values.operands[0]].type.shape.last?.fixed,
      let wide = graph[values.result].type.shape.last?.fixed, narrow < wide,
      rewriter.areWeights(values.operands.dropFirst()),
      rewriter.areWeights(output.operands[1..<output.linearWeightEnd])
    else { continue }
    folds[output.result] = ValueFold(
      values: values, valueParameters: parameters, attention: node)
  }
  return folds
}

extension Graph.Node {
  /// End of the operands of a linear layer that are weights: matrix, and bias if there is one.
  fileprivate var linearWeightEnd: Int {
    if case .linear(let parameters) = op { parameters.hasBias ? 3 : 2 } else { 0 }
  }
}

extension Rewriter {
  fileprivate func areWeights(_ values: some Sequence<ValueID>) -> Bool {
    values.allSatisfy { if case .weight = source[$0].definition { true } else { false } }
  }

  fileprivate mutating func fold(
    _ fold: ValueFold, into node: Graph.Node, _ weights: inout WeightTable
  ) throws(Failure) {
    guard case .linear(var parameters) = node.op else { return try copy(node) }
    let inner = try DoubleMatrix(source, fold.values.operands[1], weights)
    let outer = try DoubleMatrix(source, node.operands[1], weights)
    let name = source.weightName(node.operands[1]) ?? node.label
    let product = outer.times(inner)
    let matrix = weights.setDerived(from: name, "of_tokens", product.tensor)
    var operands = [
      try map(node.operands[0]),
      weight(
        matrix, .float(Dim(constant: product.rows), Dim(constant: product.columns))),
    ]

    var bias = [Double](repeating: 0, count: outer.rows)
    if parameters.hasBias {
      bias = try DoubleMatrix(source, node.operands[2], weights).values
    }
    if fold.valueParameters.hasBias {
      let moved = outer.times(try DoubleMatrix(source, fold.values.operands[2], weights))
      bias = zip(bias, moved.values).map { $0 + $1 }
    }
    let rest = node.operands[node.linearWeightEnd...]
    if parameters.hasBias || fold.valueParameters.hasBias {
      parameters.hasBias = true
      let tensor = Tensor(bias.map(Float.init), shape: [bias.count])
      let biasName = weights.setDerived(from: name, "of_tokens.bias", tensor)
      operands.append(weight(biasName, .float(Dim(constant: bias.count))))
    }
    for operand in rest { operands.append(try map(operand)) }
    replace(
      node.result, with: try add(.linear(parameters), operands, label: node.label))
  }
}
