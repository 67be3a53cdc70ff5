import Bytes
import Graph

// Neighbours that the runtime runs as one step, in every order and with oddities between them.

extension RandomGraphWriter {
  mutating func writePattern() throws(Failure) {
    switch choices.below(10) {
    case 9: try writeValueProjection()
    case 0, 1: try writeRowChain()
    case 2, 3: try writeWindowAttention()
    case 4, 5: try writeTokenAttention()
    case 6: try writeImageChain()
    case 7: try writeShortcut()
    default: try writeKeyChain()
    }
  }

  /// A value that the runtime must leave alone, or nearly: rarely something else reads it too, or it
  /// is moved on its way.
  mutating func between(_ value: ValueID) throws(Failure) -> ValueID {
    switch choices.below(30) {
    case 25: output(value)
    case 26: try add(.affine(scale: 2, offset: 1), [value])
    case 27: return try add(.reshape(otherShape(of: value)), [value])
    case 28: return try add(.reshape(shape(value)), [value])
    case 29: return try add(.activation(.relu), [value])
    default: break
    }
    return value
  }

  // MARK: Rows

  /// Norm, products with activations, and what may follow: a shortcut, windows, pooling, rotation.
  private mutating func writeRowChain() throws(Failure) {
    let isQuantized = choices.chance(50)
    let (height, width) = (2 * (1 + choices.below(6)), 2 * (1 + choices.below(6)))
    let depth = choices.pick([8, 16, 20, 33])
    let shape = [dim(choices.pick([1, 2])), Dim(constant: height), Dim(constant: width)]
    var x = data(shape + [Dim(constant: depth)])
    let source = x
    if choices.chance(50) { x = try between(normalize(x)) }
    if choices.chance(20), actual(x).count == 4 {
      x = try between(add(.windowPartition(window: choices.pick([2, 4, 7])), [x]))
    }
    for _ in 0..<(1 + choices.below(4)) {
      x = try between(
        multiply(
          x, columns: choices.pick([depth, 8, 16, 40]),
          isQuantized: choices.chance(90) ? isQuantized : !isQuantized,
          activation: choices.chance(40) ? activation() : .none, hasResidual: choices.chance(10)))
      if choices.chance(30) { x = try between(add(.activation(activation()), [x])) }
    }
    try finishRowChain(x, source)
  }

  private mutating func finishRowChain(_ x: ValueID, _ source: ValueID) throws(Failure) {
    let sizes = actual(x)
    switch choices.below(5) {
    case 0: try add(.add, choices.chance(50) ? [x, data(shape(x))] : [data(shape(x)), x])
    case 1 where shape(x) == shape(source): try add(.add, [source, x])
    case 2 where sizes.count == 4: try add(.maxPool(window: choices.pick([2, 1])), [x])
    case 3 where sizes.count == 4 && sizes[3] % 2 == 0:
      let rows = [shape(x)[0], Dim(constant: sizes[1] * sizes[2]), shape(x)[3]]
      try rotate(add(.reshape(rows), [x]))
    case 4 where sizes.count == 4 && sizes[1] == sizes[2]:
      let window = sizes[1]
      let side = choices.pick([window, window - 1, 2 * window])
      let x = try add(
        .windowMerge(window: window, height: max(1, side), width: max(1, side)), [x])
      if choices.chance(60) { try add(.add, [x, data(shape(x))]) }
    default: break
    }
  }

  // MARK: Images

  /// Transposed convolutions with sums, norms and activations between them, and filters at the end.
  private mutating func writeImageChain() throws(Failure) {
    var x = try between(enlarge(image()))
    for _ in 0..<choices.below(5) {
      guard actual(x).count == 4 else { return }
      switch choices.below(4) {
      case 0:
        let one = [choices.chance(50) ? 1 : shape(x)[0]] + shape(x).dropFirst()
        x = try between(add(.add, choices.chance(50) ? [x, data(one)] : [data(one), x]))
      case 1: x = try between(normalize(x))
      case 2: x = try between(add(.activation(activation()), [x]))
      default: x = try between(enlarge(x))
      }
    }
    let sizes = actual(x)
    guard sizes.count == 4, choices.chance(60) else { return }
    let batch = shape(x)[0]
    let pixels = try add(
      .reshape([batch, Dim(constant: sizes[1] * sizes[2]), shape(x)[3]]), [x])
    let filters = data([batch, dim(positiveSize(atMost: 5)), shape(x)[3]])
    try add(.matmulTransposed, choices.chance(85) ? [filters, pixels] : [pixels, filters])
  }

  /// A convolution, norm and activation around it, and a sum with what has its shape.
  private mutating func writeShortcut() throws(Failure) {
    var x = try between(convolve(image()))
    if choices.chance(30), actual(x).count == 4 { x = try between(normalize(x)) }
    if choices.chance(30) { x = try between(add(.activation(activation()), [x])) }
    let other = data(shape(x))
    x = try between(add(.add, choices.chance(50) ? [x, other] : [other, x]))
    if choices.chance(30), actual(x).count == 4 { try convolve(x) }
  }
}
