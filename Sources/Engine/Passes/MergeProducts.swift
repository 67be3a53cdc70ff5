internal import Bytes
internal import Graph
internal import Tensors

extension Pass {
  /// Before: `h = linear(x, w1, b1)`, `y = linear(h, w2, b2)`.
  ///
  /// After: `y = linear(x, w2 w1, w2 b1 + b2)`. Conditions: nothing else uses `h`; the first linear
  /// is bare; the merged product is less work than the two, which it is unless `h` is a bottleneck.
  /// Algebra: (x w1^T + 1 b1^T) w2^T + 1 b2^T = x (w2 w1)^T + 1 (w2 b1 + b2)^T.
  ///
  /// SAM 2 projects the finest two levels of its pyramid to 256 channels, and those to 32 and 64 for
  /// the decoder: 256 channels at a quarter of the input size that nothing else looks at.
  public static let mergeProducts = Pass(
    name: "merge-products", promise: .algebraic,
    summary: "makes one product of two with nothing between them"
  ) { (graph, weights) throws(Failure) in
    var rewriter = Rewriter(graph)
    for node in graph.nodes {
      // The first product of a pair is left out: its only reader takes its place.
      if let reader = rewriter.soleConsumer(of: node.result),
        rewriter.innerProduct(of: reader, weights)?.result == node.result
      {
        continue
      }
      if let inner = rewriter.innerProduct(of: node, weights) {
        try rewriter.merge(inner, into: node, &weights)
      } else {
        try rewriter.copy(node)
      }
    }
    return try rewriter.finish()
  }
}

extension Rewriter {
  /// The product whose result `node` multiplies once more, when the two can be one.
  fileprivate func innerProduct(of node: Graph.Node, _ weights: WeightTable) -> Graph.Node? {
    guard case .linear = node.op, let inner = producer(of: node.operands[0]),
      case .linear(let parameters) = inner.op, parameters.isBare,
      soleConsumer(of: inner.result) != nil, !node.operands.dropFirst().contains(inner.result),
      let outerShape = shape(of: node, weights), let innerShape = shape(of: inner, weights),
      // Of three in a row the first two become one.
      producer(of: inner.operands[0]).map({ isBareProduct($0) }) != true
    else { return nil }
    let (n, hidden, k) = (outerShape[0], outerShape[1], innerShape[1])
    return n * k < hidden * (n + k) ? inner : nil
  }

  private func isBareProduct(_ node: Graph.Node) -> Bool {
    if case .linear(let parameters) = node.op { parameters.isBare } else { false }
  }

  /// Number of outputs and inputs of a product whose operands are weights, except x and the
  /// residual.
  private func shape(of node: Graph.Node, _ weights: WeightTable) -> [Int]? {
    guard case .linear(let parameters) = node.op,
      node.operands[1..<(parameters.hasBias ? 3 : 2)].allSatisfy({ source.weightName($0) != nil }),
      let shape = source.weightName(node.operands[1]).flatMap({ weights[$0]?.shape }),
      shape.rank >= 2, shape[0] > 0, shape[1] > 0,
      shape.elementCount == shape[0] * shape[1]
    else { return nil }
    return [shape[0], shape[1]]
  }

  fileprivate mutating func merge(
    _ inner: Graph.Node, into node: Graph.Node, _ weights: inout WeightTable
  ) throws(Failure) {
    guard case .linear(var parameters) = node.op, case .linear(let first) = inner.op else {
      return try copy(node)
    }
    let outer = try DoubleMatrix(source, node.operands[1], weights)
    let product = outer.times(try DoubleMatrix(source, inner.operands[1], weights))
    let name = source.weightName(node.operands[1]) ?? node.label
    let matrix = weights.setDerived(from: name, "merged", product.tensor)
    var operands = [
      try map(inner.operands[0]),
      weight(matrix, .float(Dim(constant: product.rows), Dim(constant: product.columns))),
    ]
    if parameters.hasBias || first.hasBias {
      var bias = [Double](repeating: 0, count: outer.rows)
      if parameters.hasBias { bias = try DoubleMatrix(source, node.operands[2], weights).values }
      if first.hasBias {
        let moved = outer.times(try DoubleMatrix(source, inner.operands[2], weights))
        bias = zip(bias, moved.values).map { $0 + $1 }
      }
      let tensor = Tensor(bias.map(Float.init), shape: [bias.count])
      operands.append(
        weight(
          weights.setDerived(from: name, "merged.bias", tensor), .float(Dim(constant: bias.count))))
    }
    for residual in node.operands.dropFirst(parameters.hasBias ? 3 : 2) {
      operands.append(try map(residual))
    }
    parameters.hasBias = parameters.hasBias || first.hasBias
    replace(node.result, with: try add(.linear(parameters), operands, label: node.label))
  }
}
