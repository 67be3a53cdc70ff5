import Bytes
import Graph

// Every operator by itself, on operands of any shape that fits.

extension RandomGraphWriter {
  mutating func writeOperator() throws(Failure) {
    let kind = choices.pick(OperatorKind.allCases)
    switch kind {
    case .linear, .quantizedLinear: try writeProduct(isQuantized: kind == .quantizedLinear)
    case .matmulTransposed: try writeMatrixProduct()
    case .conv2d: try convolve(image())
    case .convTranspose2d: try enlarge(image())
    case .attention, .quantizedAttention:
      try writeAttention(isQuantized: kind == .quantizedAttention)
    case .axialAttention: try writeAxialAttention()
    case .layerNorm: try normalize(anything(rank: 1))
    case .activation: try add(.activation(activation()), [anything()])
    case .add, .multiply: try writeBroadcastPair(kind == .add ? .add : .multiply)
    case .affine:
      try add(
        .affine(scale: choices.pick([-1, 0.5, 2, 0]), offset: choices.pick([0, 1, -3])),
        [anything()])
    case .rotatePairs: try rotate(tokens(evenDepth: true))
    case .dequantize: try writeDequantization()
    case .batchNorm: try writeBatchNorm()
    case .maxPool, .averagePool: try writePool(isMaximum: kind == .maxPool)
    case .resize: try writeResize()
    case .windowPartition: try add(.windowPartition(window: positiveSize(atMost: 9)), [image()])
    case .windowMerge: try writeWindowMerge()
    case .reshape: try writeReshape()
    case .transpose: try writeTranspose()
    case .concat: try writeConcat()
    case .slice: try writeSlice()
    case .broadcast: try writeBroadcast()
    case .gather: try writeGather()
    case .fourierFeatures: try writeFourierFeatures()
    case .sineFeatures: try writeSineFeatures()
    case .pixelGrid, .sineGrid, .rotaryTable, .fill: try writeTable(kind)
    }
  }

  // MARK: Operands

  mutating func anything(rank: Int = 0) -> ValueID {
    let shape = dims(sizes(rank: max(rank, choices.below(5))))
    return value(of: shape) { $0.count >= rank }
  }

  /// [B, N, C].
  mutating func tokens(evenDepth: Bool = false) -> ValueID {
    let depth = positiveSize(atMost: 64)
    let shape = [
      dim(choices.pick([1, 1, 2, 3])), dim(size()), Dim(constant: evenDepth ? depth * 2 : depth),
    ]
    return value(of: shape) { $0.count == 3 && (!evenDepth || $0[2] % 2 == 0) }
  }

  /// [B, H, W, C].
  mutating func image() -> ValueID {
    let shape = [
      dim(choices.pick([1, 1, 2, 3])), Dim(constant: positiveSize(atMost: 17)),
      Dim(constant: positiveSize(atMost: 17)), Dim(constant: positiveSize(atMost: 40)),
    ]
    return value(of: shape) { $0.count == 4 }
  }

  mutating func activation() -> Activation { choices.pick(Activation.allCases) }

  // MARK: Products

  private mutating func writeProduct(isQuantized: Bool) throws(Failure) {
    let activation = activation()
    try multiply(
      anything(rank: 1), columns: positiveSize(atMost: 100), isQuantized: isQuantized,
      activation: activation, hasResidual: choices.chance(30))
  }

  /// A linear layer of `columns` outputs.
  @discardableResult
  mutating func multiply(
    _ x: ValueID, columns: Int, isQuantized: Bool, activation: Activation = .none,
    hasResidual: Bool = false
  ) throws(Failure) -> ValueID {
    let depth = actual(x).last ?? 1
    let shape = [Dim(constant: columns), Dim(constant: depth)]
    var operands = [x]
    if isQuantized {
      operands += [
        newIntegers(shape), choices.chance(90) ? newScale([shape[0]]) : data([shape[0]]),
      ]
    } else {
      operands.append(productWeight([columns, depth] + (choices.chance(20) ? [1, 1] : [])))
    }
    let hasBias = choices.chance(60)
    if hasBias { operands.append(data([shape[0]])) }
    if hasResidual { operands.append(data(self.shape(x).dropLast() + [shape[0]])) }
    let parameters = Linear(hasBias: hasBias, activation: activation, hasResidual: hasResidual)
    return try add(isQuantized ? .quantizedLinear(parameters) : .linear(parameters), operands)
  }

  private mutating func writeMatrixProduct() throws(Failure) {
    let a = tokens()
    let shape = shape(a)
    try add(.matmulTransposed, [a, data([shape[0], dim(positiveSize(atMost: 40)), shape[2]])])
  }

  @discardableResult
  mutating func convolve(_ x: ValueID) throws(Failure) -> ValueID {
    let channels = actual(x)[3]
    let kernel = choices.pick([1, 3, 2, 5, 7, 4])
    let isDepthwise = choices.chance(40)
    let outputs = isDepthwise ? channels : positiveSize(atMost: 40)
    let hasBias = choices.chance(60)
    var operands = [x, productWeight([outputs, isDepthwise ? 1 : channels, kernel, kernel])]
    if hasBias { operands.append(data([Dim(constant: outputs)])) }
    return try add(
      .conv2d(
        Convolution(
          kernel: kernel, stride: choices.pick([1, 1, 2, 3, 4]),
          padding: choices.pick([kernel / 2, 0, 1, kernel, 9]),
          groups: isDepthwise ? channels : 1, hasBias: hasBias)), operands)
  }

  /// A transposed convolution.
  @discardableResult
  mutating func enlarge(_ x: ValueID) throws(Failure) -> ValueID {
    let (channels, stride) = (actual(x)[3], choices.pick([2, 1, 3, 4]))
    let outputs = positiveSize(atMost: 33)
    return try add(
      .convTranspose2d(stride: stride),
      [
        x, productWeight([channels, outputs, stride, stride]),
        choices.chance(80) ? newWeight([Dim(constant: outputs)]) : data([Dim(constant: outputs)]),
      ])
  }

  // MARK: Attention

  private mutating func writeAttention(isQuantized: Bool) throws(Failure) {
    let heads = choices.pick([1, 1, 2, 3, 4, 8])
    let batch = dim(choices.pick([1, 2, 3]))
    let depth = Dim(constant: heads * positiveSize(atMost: 17))
    let values = Dim(constant: heads * positiveSize(atMost: 17))
    let keys = dim(positiveSize(atMost: choices.chance(30) ? 140 : 48))
    try attend(
      [
        data([batch, dim(positiveSize(atMost: 40)), depth]), data([batch, keys, depth]),
        data([batch, keys, values]),
      ], heads: heads, isQuantized: isQuantized)
  }

  @discardableResult
  mutating func attend(
    _ operands: [ValueID], heads: Int, isQuantized: Bool
  ) throws(Failure) -> ValueID {
    let scale: Float = choices.pick([0.25, 1, 0.01, -0.5, 3])
    return try add(
      isQuantized
        ? .quantizedAttention(heads: heads, scale: scale) : .attention(heads: heads, scale: scale),
      operands)
  }

  mutating func writeAxialAttention() throws(Failure) {
    let (height, width) = (positiveSize(atMost: 5), positiveSize(atMost: 5))
    let cells = height * width
    let frames = choices.below(10)
    let batch = dim(choices.pick([1, 2]))
    let count = max(1, frames * cells + choices.pick([0, 1, 7, 130]))
    let (depth, channels) = (choices.pick([32, 64, 96]), choices.pick([16, 32, 48]))
    var tokens = data([batch, dim(count), Dim(constant: channels)])
    if choices.chance(40) {
      let codes = data([choices.chance(50) ? 1 : batch, shape(tokens)[1], Dim(constant: channels)])
      tokens = try add(.add, [tokens, codes])
    }
    let side = Dim(constant: depth)
    let hasBias = choices.chance(50)
    let attention = AxialAttention(
      scale: choices.pick([0.1, 1, -0.3]), height: height, width: width,
      theta: choices.pick([10_000, 1, 100, 0.5]), rotated: dim(frames * cells), hasBias: hasBias)
    // Neighbours may share what they have rounded.
    for _ in 0..<(1 + choices.below(2)) {
      let values = data([batch, shape(tokens)[1], Dim(constant: positiveSize(atMost: 33))])
      var operands = [
        data([batch, dim(positiveSize(atMost: 20)), side]), tokens, values,
        newIntegers([side, Dim(constant: channels)]), newScale([side]),
      ]
      if hasBias { operands.append(newWeight([side])) }
      try add(.axialAttention(attention), operands)
    }
  }

  // MARK: Rows

  @discardableResult
  mutating func normalize(_ x: ValueID) throws(Failure) -> ValueID {
    let channels = [Dim(constant: actual(x).last ?? 1)]
    return try add(
      .layerNorm(
        epsilon: choices.chance(95) ? choices.pick([1e-6, 1e-5, 1]) : choices.pick([0, -1])),
      [x, data(channels), data(channels)])
  }

  private mutating func writeBatchNorm() throws(Failure) {
    let x = anything(rank: 1)
    let channels = [Dim(constant: actual(x).last ?? 1)]
    // Variances below zero, as nobody trains them, have no root.
    try add(
      .batchNorm(
        epsilon: choices.chance(90) ? choices.pick([1e-5, 1, 3]) : choices.pick([0, -1])),
      [x, data(channels), data(channels), data(channels), newScale(channels)])
  }

  private mutating func writeBroadcastPair(_ op: Op) throws(Failure) {
    let a = anything()
    var other = shape(a)
    other = other.map { choices.chance(25) ? 1 : $0 }
    if choices.chance(30) { other = Array(other.dropFirst(choices.below(other.count + 1))) }
    let b = data(other)
    try add(op, choices.chance(50) ? [a, b] : [b, a])
  }

  /// Rotates [B, N, C] by tables that are any numbers, or those of a grid.
  @discardableResult
  mutating func rotate(_ x: ValueID) throws(Failure) -> ValueID {
    let sizes = actual(x)
    guard sizes.count == 3 else { return x }
    let pairs = Dim(constant: sizes[2] / 2)
    let rows = Dim(constant: choices.pick([positiveSize(), max(1, sizes[1]), 1]))
    let cosine = data([rows, pairs])
    let sine = choices.chance(80) ? data([rows, pairs]) : cosine
    let rotated = choices.pick([sizes[1], 0, sizes[1] / 2, sizes[1] + 3])
    return try add(.rotatePairs(rotated: dim(rotated)), [x, cosine, sine])
  }

  private mutating func writeDequantization() throws(Failure) {
    let shape = sizes(rank: 1 + choices.below(3)).map { Dim(constant: $0) }
    let scale = choices.chance(70) ? newScale([shape[0]]) : data([shape[0]])
    try add(.dequantize, [newIntegers(shape), scale])
  }
}
