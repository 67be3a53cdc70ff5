internal import Bytes
internal import Graph
internal import Tensors

extension Pass {
  /// Before: `y` is a sum of depthwise convolutions of `x`, and of `x` itself any number of times.
  ///
  /// After: `y = conv2d(x, w, b)`, one depthwise convolution with the largest of the kernels.
  /// Conditions: the convolutions have stride 1, an odd kernel and half of it as padding; nothing
  /// else uses their results and the sums in between. Algebra: convolution is linear in its kernel,
  /// a kernel may get a border of zeros, and `x` is its convolution with a kernel that is 1 in the
  /// middle.
  ///
  /// RepViT mixes tokens by 3x3 + 1x1 + identity (Ding et al., RepVGG, arXiv 2101.03697).
  public static let mergeDepthwiseBranches = Pass(
    name: "merge-depthwise-branches", promise: .algebraic,
    summary: "makes one depthwise convolution of several that read the same map"
  ) { (graph, weights) throws(Failure) in
    var rewriter = Rewriter(graph)
    let sums = depthwiseSums(rewriter)
    let absorbed = Set(sums.values.flatMap(\.absorbed))
    for node in graph.nodes where !absorbed.contains(node.result) {
      if let sum = sums[node.result] {
        try rewriter.merge(sum, into: node, &weights)
      } else {
        try rewriter.copy(node)
      }
    }
    return try rewriter.finish()
  }
}

/// A sum of branches that read one map.
private struct DepthwiseSum {
  let map: ValueID
  /// At least one.
  var convolutions: [(node: Graph.Node, parameters: Convolution)] = []
  /// How many of the summands are the map itself.
  var identityCount = 0
  /// Results that go: of the convolutions and of the sums before the last.
  var absorbed: [ValueID] = []
}

/// The sums by the result of their last addition.
private func depthwiseSums(_ rewriter: Rewriter) -> [ValueID: DepthwiseSum] {
  var sums: [ValueID: DepthwiseSum] = [:]
  var absorbed: Set<ValueID> = []
  for node in rewriter.source.nodes.reversed()
  where node.op == .add && !absorbed.contains(node.result) {
    guard let sum = rewriter.depthwiseSum(endingAt: node) else { continue }
    sums[node.result] = sum
    absorbed.formUnion(sum.absorbed)
  }
  return sums
}

extension Rewriter {
  /// The branches whose sum `node` completes; nil when they are not all of one map.
  fileprivate func depthwiseSum(endingAt node: Graph.Node) -> DepthwiseSum? {
    var (convolutions, others): ([(Graph.Node, Convolution)], [ValueID]) = ([], [])
    var absorbed: [ValueID] = []
    var pending = node.operands
    while let value = pending.popLast() {
      guard source[value].type == source[node.result].type else { return nil }
      guard let producer = soleProducer(of: value) else {
        others.append(value)
        continue
      }
      switch producer.op {
      case .add:
        absorbed.append(value)
        pending += producer.operands
      case .conv2d(let p) where p.isDepthwiseInPlace && areWeights(producer.operands.dropFirst()):
        absorbed.append(value)
        convolutions.append((producer, p))
      default: others.append(value)
      }
    }
    guard let map = convolutions.first?.0.operands[0],
      convolutions.allSatisfy({ $0.0.operands[0] == map }), others.allSatisfy({ $0 == map })
    else { return nil }
    return DepthwiseSum(
      map: map, convolutions: convolutions, identityCount: others.count, absorbed: absorbed)
  }

  private func areWeights(_ values: some Sequence<ValueID>) -> Bool {
    values.allSatisfy { source.weightName($0) != nil }
  }

  fileprivate mutating func merge(
    _ sum: DepthwiseSum, into node: Graph.Node, _ weights: inout WeightTable
  ) throws(Failure) {
    guard let largest = sum.convolutions.max(by: { $0.parameters.kernel < $1.parameters.kernel })
    else { return try copy(node) }
    var parameters = largest.parameters
    let (side, channels) = (parameters.kernel, parameters.groups)
    let (area, middle) = (side * side, side / 2 * side + side / 2)
    var kernel = [Double](repeating: 0, count: channels * area)
    var bias = [Double](repeating: 0, count: channels)
    for channel in 0..<channels { kernel[channel * area + middle] = Double(sum.identityCount) }
    for (convolution, p) in sum.convolutions {
      let own = try DoubleMatrix(source, convolution.operands[1], weights).values
      let border = (side - p.kernel) / 2
      for (index, value) in own.enumerated() {
        let (channel, tap) = index.quotientAndRemainder(dividingBy: p.kernel * p.kernel)
        let (row, column) = (tap / p.kernel + border, tap % p.kernel + border)
        kernel[channel * area + row * side + column] += value
      }
      guard p.hasBias else { continue }
      parameters.hasBias = true
      let summand = try DoubleMatrix(source, convolution.operands[2], weights).values
      bias = zip(bias, summand).map { $0 + $1 }
    }
    let name = source.weightName(largest.node.operands[1]) ?? node.label
    let matrix = Tensor(kernel.map(Float.init), shape: [channels, 1, side, side])
    var operands = [
      try map(sum.map),
      weight(
        weights.setDerived(from: name, "merged", matrix),
        source[largest.node.operands[1]].type),
    ]
    if parameters.hasBias {
      let tensor = Tensor(bias.map(Float.init), shape: [channels])
      operands.append(
        weight(
          weights.setDerived(from: name, "merged.bias", tensor), .float(Dim(constant: channels))))
    }
    replace(
      node.result, with: try add(.conv2d(parameters), operands, label: largest.node.label))
  }
}

extension Convolution {
  /// Whether it is depthwise and keeps the height and width of its input.
  fileprivate var isDepthwiseInPlace: Bool {
    groups > 1 && stride == 1 && kernel % 2 == 1 && padding == kernel / 2
  }
}
