public import Bytes

extension Op {
  /// Type of the result for operands of these types: the single definition of the operators'
  /// shapes.
  /// - Throws: `graph.operands` or `graph.shape`, naming the operator and the mismatch.
  public func resultType(_ operands: [TensorType]) throws(Failure) -> TensorType {
    if let names = operandNames, names.count != operands.count {
      throw fail("takes \(names.count) operands, not \(operands.count)", code: "graph.operands")
    }
    try checkElements(operands)
    let shapes = operands.map(\.shape)
    let result = try resultShape(shapes)
    try require(
      result.allSatisfy { ($0.fixed ?? 0) >= 0 }, "the result has a negative size", shapes)
    return TensorType(.float, result)
  }

  private func checkElements(_ operands: [TensorType]) throws(Failure) {
    for (index, operand) in operands.enumerated() {
      let expected: ElementType =
        switch self {
        case .quantizedLinear: index == 1 ? .int8 : .float
        case .axialAttention: index == 3 ? .int8 : .float
        case .gather: index == 1 ? .int32 : .float
        case .dequantize: index == 0 ? .int8 : .float
        default: .float
        }
      guard operand.element == expected else {
        throw fail("operand \(index) is \(operand), not \(expected.name)", code: "graph.operands")
      }
    }
  }

  private func resultShape(_ s: [[Dim]]) throws(Failure) -> [Dim] {
    switch self {
    case .linear(let p): return try linearShape(s, p, firstAfterWeight: 2)
    case .quantizedLinear(let p):
      try require(s[2] == [s[1].first ?? 0], "the scale must have one value per output", s)
      try require(
        s[0].last?.fixed ?? 0 <= Graph.Limit.integerDepth, "the rows of x are too long", s)
      return try linearShape(s, p, firstAfterWeight: 3)
    case .matmulTransposed:
      try require(s[0].count == 3 && s[1].count == 3, "operands must have 3 axes", s)
      try require(s[0][0] == s[1][0] && s[0][2] == s[1][2], "batch or depth differ", s)
      try requireNoneEmpty(s[0...1], s)
      return [s[0][0], s[0][1], s[1][1]]
    case .conv2d(let p): return try convolutionShape(s, p)
    case .convTranspose2d(let stride): return try transposedConvolutionShape(s, stride)
    case .attention(let heads, _), .quantizedAttention(let heads, _):
      let result = try attentionShape(s, heads)
      if case .quantizedAttention = self {
        try require(
          (s[0][2].fixed ?? 0) / heads <= Graph.Limit.integerDepth, "the heads are too deep", s)
      }
      return result
    case .axialAttention(let p): return try axialAttentionShape(s, p)
    case .layerNorm:
      let channels = try last(s[0], s)
      try require(s[1] == [channels] && s[2] == [channels], "weight and bias must match x", s)
      try require(channels != 0, "x has no channels", s)
      return s[0]
    case .batchNorm:
      let channels = try last(s[0], s)
      try require(
        s[1...].allSatisfy { $0 == [channels] }, "weight, bias and statistics must match x", s)
      try require(channels != 0, "x has no channels", s)
      return s[0]
    case .activation, .affine: return s[0]
    case .add, .multiply: return try broadcastShape(s[0], s[1], s)
    case .rotatePairs:
      try require(s[0].count == 3 && s[1].count == 2 && s[1] == s[2], "x [B, N, C], tables", s)
      try require(s[1][1] * 2 == s[0][2], "the tables must have C / 2 columns", s)
      try requireNoneEmpty(s[1...1], s)
      return s[0]
    case .dequantize:
      try require(
        !s[0].isEmpty && s[1] == [s[0][0]], "the scale must have one value per row of x", s)
      try requireNoneEmpty(s[0...0], s)
      return s[0]
    case .maxPool(let window), .averagePool(let window):
      let (height, width) = try plane(s[0], s)
      try require(
        window > 0 && height % window == 0 && width % window == 0, "size not whole windows", s)
      try requireNoneEmpty(s[0...0], s)
      return [
        s[0][0], Dim(constant: height / window), Dim(constant: width / window), s[0][3],
      ]
    case .resize(let p):
      _ = try plane(s[0], s)
      try require(p.height > 0 && p.width > 0, "the new size must be positive", s)
      try requireNoneEmpty(s[0...0], s)
      return [s[0][0], Dim(constant: p.height), Dim(constant: p.width), s[0][3]]
    case .windowPartition(let window):
      let (height, width) = try plane(s[0], s)
      try require(window > 0, "the window must be positive", s)
      try requireNoneEmpty(s[0...0], s)
      let side = Dim(constant: window)
      return [s[0][0] * windowCount(height, width, window), side, side, s[0][3]]
    case .windowMerge(let window, let height, let width):
      return try mergedShape(s, window, height, width)
    case .reshape(let shape):
      try require(s[0].hasSameProduct(as: shape), "element count changes to \(shape)", s)
      return shape
    case .transpose(let axes):
      try require(axes.sorted() == Array(0..<s[0].count), "\(axes) is not a permutation", s)
      return axes.map { s[0][$0] }
    case .concat(let axis): return try concatShape(s, axis)
    case .slice(let axis, let start, let count): return try sliceShape(s, axis, start, count)
    case .broadcast(let shape):
      try checkStretch(s[0], to: shape)
      return shape
    case .gather:
      try require(s[0].count == 2, "the table must have 2 axes", s)
      try require(s[0][0] != 0 || s[1].contains(0), "the table has no rows", s)
      try require(s[0][1] != 0, "the rows of the table are empty", s)
      return s[1] + [s[0][1]]
    case .fourierFeatures:
      try require(try last(s[0], s) == 2 && s[1].count == 2 && s[1][0] == 2, "x [..., 2]", s)
      try requireNoneEmpty(s[1...1], s)
      return s[0].dropLast() + [s[1][1] * 2]
    case .sineFeatures(let channels, _):
      try require(try last(s[0], s) == 1 && channels % 4 == 0 && channels > 0, "x [..., 1]", s)
      return s[0].dropLast() + [Dim(constant: channels)]
    case .pixelGrid(let height, let width):
      try require(height > 0 && width > 0, "the grid must not be empty", s)
      return [Dim(constant: height), Dim(constant: width), 2]
    case .sineGrid(let height, let width, let channels, _):
      try require(height > 0 && width > 0, "the grid must not be empty", s)
      try require(channels % 4 == 0 && channels > 0, "channels must be a multiple of 4", s)
      return [Dim(constant: height), Dim(constant: width), Dim(constant: channels)]
    case .rotaryTable(let p):
      try require(p.height > 0 && p.width > 0, "the grid must not be empty", s)
      try require(p.pairs % 2 == 0 && p.pairs > 0, "pairs must be even", s)
      return [Dim(constant: p.height * p.width), Dim(constant: p.pairs)]
    case .fill(_, let shape): return shape
    }
  }
}

// MARK: - One operator each

extension Op {
  private func linearShape(
    _ s: [[Dim]], _ p: Linear, firstAfterWeight: Int
  ) throws(Failure) -> [Dim] {
    let depth = try last(s[0], s)
    try require(
      s[1].count >= 2 && s[1].dropFirst(2).allSatisfy { $0 == 1 }, "weight must be [N, K]", s)
    try require(s[1][1] == depth, "depth of x and weight differ", s)
    try requireNoneEmpty(s[1...1], s)
    let result = s[0].dropLast() + [s[1][0]]
    var next = firstAfterWeight
    if p.hasBias {
      try require(s[next] == [s[1][0]], "the bias must have one value per output", s)
      next += 1
    }
    if p.hasResidual { try require(s[next] == Array(result), "residual and result differ", s) }
    return Array(result)
  }

  private func convolutionShape(_ s: [[Dim]], _ p: Convolution) throws(Failure) -> [Dim] {
    let (height, width) = try plane(s[0], s)
    let kernel = Dim(constant: p.kernel)
    guard p.kernel > 0, p.stride > 0, p.padding >= 0, let channels = s[0][3].fixed,
      p.groups == 1 || p.groups == channels
    else { throw fail("bad convolution parameters", s) }
    try require(
      s[1].count == 4 && s[1][1] * p.groups == s[0][3] && s[1][2] == kernel && s[1][3] == kernel,
      "weight must be [O, C / groups, kernel, kernel]", s)
    try require(p.groups == 1 || s[1][0] == s[0][3], "depthwise needs as many outputs", s)
    try requireNoneEmpty(s[0...1], s)
    // The values gathered for each pixel.
    try require(
      p.kernel * p.kernel <= Graph.Limit.field / max(1, s[1][1].fixed ?? 1),
      "the fields of the pixels are too large", s)
    if p.hasBias { try require(s[2] == [s[1][0]], "the bias must have one value per output", s) }
    func size(_ n: Int) -> Int { (n + 2 * p.padding - p.kernel) / p.stride + 1 }
    try require(
      height + 2 * p.padding >= p.kernel && width + 2 * p.padding >= p.kernel,
      "the kernel is larger than x", s)
    return [s[0][0], Dim(constant: size(height)), Dim(constant: size(width)), s[1][0]]
  }

  private func transposedConvolutionShape(_ s: [[Dim]], _ stride: Int) throws(Failure) -> [Dim] {
    let (height, width) = try plane(s[0], s)
    let side = Dim(constant: stride)
    try require(
      s[1].count == 4 && s[1][0] == s[0][3] && s[1][2] == side && s[1][3] == side && stride > 0,
      "weight must be [C, O, stride, stride]", s)
    try require(s[2] == [s[1][1]], "the bias must have one value per output", s)
    try requireNoneEmpty(s[0...1], s)
    return [s[0][0], Dim(constant: height * stride), Dim(constant: width * stride), s[1][1]]
  }

  private func attentionShape(_ s: [[Dim]], _ heads: Int) throws(Failure) -> [Dim] {
    try require(s.allSatisfy { $0.count == 3 }, "operands must have 3 axes", s)
    try require(
      s[0][0] == s[1][0] && s[1][0] == s[2][0] && s[0][2] == s[1][2] && s[1][1] == s[2][1],
      "operands do not fit each other", s)
    guard heads > 0, let depth = s[0][2].fixed, let valueDepth = s[2][2].fixed,
      depth % heads == 0, valueDepth % heads == 0
    else { throw fail("channels are not whole heads", s) }
    try requireNoneEmpty(s[0...2], s)
    return [s[0][0], s[0][1], s[2][2]]
  }

  private func mergedShape(
    _ s: [[Dim]], _ window: Int, _ height: Int, _ width: Int
  ) throws(Failure) -> [Dim] {
    let side = Dim(constant: window)
    try require(
      window > 0 && s[0].count == 4 && s[0][1] == side && s[0][2] == side,
      "x must be [windows, \(window), \(window), C]", s)
    let count = windowCount(height, width, window)
    try require(height > 0 && width > 0, "the plane must not be empty", s)
    try requireNoneEmpty(s[0...0], s)
    guard s[0][0].constant % count == 0,
      s[0][0].terms.allSatisfy({ $0.coefficient % count == 0 })
    else { throw fail("\(s[0][0]) is not a multiple of \(count) windows", s) }
    let batch = Dim(
      constant: s[0][0].constant / count,
      terms: s[0][0].terms.map { .init(symbol: $0.symbol, coefficient: $0.coefficient / count) })
    return [batch, Dim(constant: height), Dim(constant: width), s[0][3]]
  }

  private func concatShape(_ s: [[Dim]], _ axis: Int) throws(Failure) -> [Dim] {
    guard let first = s.first, first.indices.contains(axis) else {
      throw fail("needs operands that have axis \(axis)", s, code: "graph.operands")
    }
    var result = first
    for shape in s.dropFirst() {
      try require(shape.count == first.count, "operands differ in rank", s)
      for other in first.indices where other != axis {
        try require(shape[other] == first[other], "operands differ beside axis \(axis)", s)
      }
      result[axis] = result[axis] + shape[axis]
    }
    return result
  }

  private func sliceShape(
    _ s: [[Dim]], _ axis: Int, _ start: Dim, _ count: Dim
  ) throws(Failure) -> [Dim] {
    try require(s[0].indices.contains(axis), "x has no axis \(axis)", s)
    if let size = s[0][axis].fixed, let start = start.fixed, let count = count.fixed {
      try require(start >= 0 && count >= 0 && start <= size - count, "outside the axis", s)
    }
    var result = s[0]
    result[axis] = count
    return result
  }
}

// MARK: - Shared checks

/// Number of windows in a padded plane: rows times columns.
private func windowCount(_ height: Int, _ width: Int, _ window: Int) -> Int {
  ((height + window - 1) / window) * ((width + window - 1) / window)
}

extension Op {
  func fail(
    _ reason: String, _ shapes: [[Dim]] = [], code: String = "graph.shape"
  ) -> Failure {
    let found = shapes.map { "[\($0.map(\.description).joined(separator: ", "))]" }
    return Failure(
      .badInput, code: code, "\(name): \(reason)",
      place: found.isEmpty ? nil : "operands \(found.joined(separator: " "))")
  }

  func require(
    _ condition: Bool, _ reason: @autoclosure () -> String, _ shapes: [[Dim]]
  ) throws(Failure) {
    if !condition { throw fail(reason(), shapes) }
  }

  /// Axes that count rows of a graph's data may be empty, others must not: with an empty axis, most
  /// operators have nothing to read, yet some still have a result.
  func requireNoneEmpty(_ operands: ArraySlice<[Dim]>, _ shapes: [[Dim]]) throws(Failure) {
    try require(!operands.contains { $0.contains(0) }, "an axis is empty", shapes)
  }

  private func last(_ shape: [Dim], _ all: [[Dim]]) throws(Failure) -> Dim {
    guard let last = shape.last else { throw fail("x must have an axis", all) }
    return last
  }

  /// Height and width of [B, H, W, C], which must be fixed.
  private func plane(_ shape: [Dim], _ all: [[Dim]]) throws(Failure) -> (Int, Int) {
    guard shape.count == 4, let height = shape[1].fixed, let width = shape[2].fixed else {
      throw fail("x must be [B, H, W, C] with fixed H and W", all)
    }
    try require(max(height, width) <= Graph.Limit.side, "the plane is too large", all)
    return (height, width)
  }

  /// An axis may keep its size or grow from 1.
  ///
  /// Whether one symbol stretches to another (feature maps to objects) is settled when the graph is
  /// bound.
  private func checkStretch(_ shape: [Dim], to target: [Dim]) throws(Failure) {
    var fits = shape.count <= target.count
    for (x, y) in zip(shape.reversed(), target.reversed()) {
      fits = fits && (x == y || x == 1 || x.fixed == nil && y.fixed == nil)
    }
    try require(fits, "cannot become \(target.map(\.description))", [shape])
  }

  private func broadcastShape(_ a: [Dim], _ b: [Dim], _ all: [[Dim]]) throws(Failure) -> [Dim] {
    let rank = max(a.count, b.count)
    let left = Array(repeating: Dim(constant: 1), count: rank - a.count) + a
    let right = Array(repeating: Dim(constant: 1), count: rank - b.count) + b
    var result: [Dim] = []
    for (x, y) in zip(left, right) {
      try require(x == y || x == 1 || y == 1, "sizes do not broadcast", all)
      result.append(x == 1 ? y : x)
    }
    return result
  }
}
