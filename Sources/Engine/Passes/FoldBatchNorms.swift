internal import Bytes
internal import Graph
internal import Tensors

extension Pass {
  /// Before: `h = conv2d(x, w, b)` or `h = linear(x, w, b)`, `y = batch_norm(h, g, c, m, v)`.
  ///
  /// After: `y = conv2d(x, s w, s (b - m) + c)` with s = g / sqrt(v + epsilon), row by row of w.
  /// Conditions: nothing else uses `h`; the product is bare; all but `x` are weights. Algebra: a
  /// factor and a summand for each output of a product may be part of its weight and its bias.
  ///
  /// RepViT (Wang et al., arXiv 2307.09283) has a norm after each of its 106 convolutions.
  public static let foldBatchNorms = Pass(
    name: "fold-batch-norms", promise: .algebraic,
    summary: "makes the statistics of batch norms part of the products before them"
  ) { (graph, weights) throws(Failure) in
    var rewriter = Rewriter(graph)
    for node in graph.nodes {
      // The product is left out: the norm takes its place.
      if let reader = rewriter.soleConsumer(of: node.result),
        rewriter.normalizedProduct(of: reader)?.result == node.result
      {
        continue
      }
      if let product = rewriter.normalizedProduct(of: node) {
        try rewriter.fold(node, into: product, &weights)
      } else {
        try rewriter.copy(node)
      }
    }
    return try rewriter.finish()
  }
}

extension Rewriter {
  /// The product whose result `node` normalises, when the two can be one.
  fileprivate func normalizedProduct(of node: Graph.Node) -> Graph.Node? {
    guard case .batchNorm = node.op, let product = producer(of: node.operands[0]),
      soleConsumer(of: product.result) != nil, product.op.isProductOfOneWeight,
      product.operands.dropFirst().allSatisfy({ source.weightName($0) != nil }),
      node.operands.dropFirst().allSatisfy({ source.weightName($0) != nil })
    else { return nil }
    return product
  }

  fileprivate mutating func fold(
    _ norm: Graph.Node, into product: Graph.Node, _ weights: inout WeightTable
  ) throws(Failure) {
    guard case .batchNorm(let epsilon) = norm.op else { return try copy(norm) }
    var statistics: [[Double]] = []
    for operand in norm.operands.dropFirst() {
      statistics.append(try DoubleMatrix(source, operand, weights).values)
    }
    let (gain, offset, mean, variance) = (
      statistics[0], statistics[1], statistics[2], statistics[3]
    )
    let matrix = try DoubleMatrix(source, product.operands[1], weights)
    let factors = zip(gain, variance).map { $0 / ($1 + Double(epsilon)).squareRoot() }
    var bias = zip(offset, zip(mean, factors)).map { $0 - $1.0 * $1.1 }
    if product.operands.count > 2 {
      let own = try DoubleMatrix(source, product.operands[2], weights).values
      bias = zip(bias, zip(own, factors)).map { $0 + $1.0 * $1.1 }
    }
    let type = source[product.operands[1]].type
    let shape = Shape(type.shape.map { $0.fixed ?? 0 })
    let scaled = matrix.values.indices.map {
      Float(matrix.values[$0] * factors[$0 / max(1, matrix.columns)])
    }
    let name = source.weightName(product.operands[1]) ?? product.label
    let folded = weights.setDerived(from: name, "folded", Tensor(scaled, shape: shape))
    let foldedBias = weights.setDerived(
      from: name, "folded.bias", Tensor(bias.map(Float.init), shape: [bias.count]))
    let operands = [
      try map(product.operands[0]), weight(folded, type),
      weight(foldedBias, .float(Dim(constant: bias.count))),
    ]
    replace(
      norm.result, with: try add(product.op.withBias, operands, label: product.label))
  }
}

extension Op {
  /// Whether this is a convolution or a bare linear layer, so that a factor for each output may be
  /// part of its weight.
  fileprivate var isProductOfOneWeight: Bool {
    switch self {
    case .conv2d: true
    case .linear(let parameters): parameters.isBare
    default: false
    }
  }

  /// The same product with a bias.
  fileprivate var withBias: Op {
    switch self {
    case .conv2d(var parameters):
      parameters.hasBias = true
      return .conv2d(parameters)
    case .linear(var parameters):
      parameters.hasBias = true
      return .linear(parameters)
    default: return self
    }
  }
}
