import Bytes
import Graph

// Operators that move, resize and repeat elements, and those that make them of nothing.

extension RandomGraphWriter {
  // MARK: Space

  mutating func writePool(isMaximum: Bool) throws(Failure) {
    let window = choices.pick([2, 1, 3, 4])
    let shape = [
      dim(choices.pick([1, 2])), Dim(constant: window * (1 + choices.below(4))),
      Dim(constant: window * (1 + choices.below(4))), Dim(constant: positiveSize(atMost: 40)),
    ]
    let x = value(of: shape) { $0.count == 4 && $0[1] % window == 0 && $0[2] % window == 0 }
    try add(isMaximum ? .maxPool(window: window) : .averagePool(window: window), [x])
  }

  mutating func writeResize() throws(Failure) {
    let resize = Resize(
      choices.pick(Resize.Mode.allCases), height: positiveSize(atMost: 33),
      width: positiveSize(atMost: 33))
    try add(.resize(resize), [image()])
  }

  mutating func writeWindowMerge() throws(Failure) {
    let window = choices.pick([2, 4, 1, 3, 7])
    let (height, width) = (positiveSize(atMost: 17), positiveSize(atMost: 17))
    let count = ((height + window - 1) / window) * ((width + window - 1) / window)
    let side = Dim(constant: window)
    let x = data([
      Dim(constant: count * choices.pick([1, 2])), side, side,
      Dim(constant: positiveSize(atMost: 40)),
    ])
    try add(.windowMerge(window: window, height: height, width: width), [x])
  }

  // MARK: Movement

  mutating func writeReshape() throws(Failure) {
    let x = anything()
    try add(.reshape(otherShape(of: x)), [x])
  }

  /// A shape with as many elements: axes joined or cut, ones put in, the last one kept or not.
  mutating func otherShape(of x: ValueID) -> [Dim] {
    var shape = shape(x)
    for _ in 0..<(1 + choices.below(3)) {
      let axis = choices.below(max(1, shape.count))
      switch choices.below(4) {
      case 0: shape.insert(1, at: min(axis, shape.count))
      case 1 where shape.count > 1 && axis + 1 < shape.count:
        // Only a fixed size multiplies.
        guard let factor = shape[axis].fixed else { continue }
        shape.replaceSubrange(axis...(axis + 1), with: [shape[axis + 1] * factor])
      case 2 where axis < shape.count:
        guard let fixed = shape[axis].fixed, fixed > 1 else { continue }
        let divisors = (2...fixed).filter { fixed % $0 == 0 }
        let divisor = choices.pick(divisors)
        shape.replaceSubrange(
          axis...axis, with: [Dim(constant: fixed / divisor), Dim(constant: divisor)])
      case 3 where shape.count > 1 && axis + 1 < shape.count: shape.swapAt(axis, axis + 1)
      default: break
      }
    }
    return Array(shape.prefix(8))
  }

  mutating func writeTranspose() throws(Failure) {
    let x = anything(rank: 1)
    var axes = Array(shape(x).indices)
    for index in axes.indices.reversed() { axes.swapAt(index, choices.below(index + 1)) }
    try add(.transpose(axes), [x])
  }

  mutating func writeConcat() throws(Failure) {
    let x = anything(rank: 1)
    let axis = choices.below(shape(x).count)
    var parts = [x]
    for _ in 0..<choices.below(4) {
      var shape = shape(x)
      if choices.chance(60) { shape[axis] = dim(size()) }
      parts.append(data(shape))
    }
    if choices.chance(30) { parts.reverse() }
    try add(.concat(axis: axis), parts)
  }

  mutating func writeSlice() throws(Failure) {
    let x = anything(rank: 1)
    let sizes = actual(x)
    let axis = choices.chance(50) ? sizes.count - 1 : choices.below(sizes.count)
    try slice(x, axis: axis, start: choices.below(sizes[axis] + 1))
  }

  @discardableResult
  mutating func slice(
    _ x: ValueID, axis: Int, start: Int, count: Int? = nil
  ) throws(Failure) -> ValueID {
    let rest = actual(x)[axis] - start
    let count = count ?? choices.pick([rest, rest / 2, min(1, rest), choices.below(rest + 1)])
    return try add(.slice(axis: axis, start: dim(start), count: dim(count)), [x])
  }

  mutating func writeBroadcast() throws(Failure) {
    let x = anything()
    var shape = shape(x).map { $0 == 1 && choices.chance(60) ? dim(size()) : $0 }
    while shape.count < 6, choices.chance(35) { shape.insert(dim(choices.pick([1, 2, 3])), at: 0) }
    try add(.broadcast(shape), [x])
  }

  mutating func writeGather() throws(Failure) {
    let shape = dims([positiveSize(atMost: 33), positiveSize(atMost: 33)])
    let table = value(of: shape) { $0.count == 2 && $0[0] > 0 && $0[1] > 0 }
    let indices = newIndices(dims(sizes(rank: choices.below(3))), below: actual(table)[0])
    try add(.gather, [table, indices])
  }

  // MARK: Positions

  mutating func writeFourierFeatures() throws(Failure) {
    let shape = dims(sizes(rank: choices.below(3))) + [2]
    let x = value(of: shape) { $0.last == 2 }
    let matrix = data([2, Dim(constant: positiveSize(atMost: 40))])
    try add(.fourierFeatures, [x, matrix])
  }

  mutating func writeSineFeatures() throws(Failure) {
    let shape = dims(sizes(rank: choices.below(3))) + [1]
    let x = value(of: shape) { $0.last == 1 }
    try add(
      .sineFeatures(
        channels: 4 * (1 + choices.below(9)), temperature: choices.pick([10_000, 20, 1, 0, -2])),
      [x])
  }

  mutating func writeTable(_ kind: OperatorKind) throws(Failure) {
    let (height, width) = (positiveSize(atMost: 17), positiveSize(atMost: 17))
    switch kind {
    case .pixelGrid: try add(.pixelGrid(height: height, width: width), [])
    case .sineGrid:
      try add(
        .sineGrid(
          height: height, width: width, channels: 4 * (1 + choices.below(5)),
          temperature: choices.pick([10_000, 20, 0, -3])), [])
    case .rotaryTable:
      try add(
        .rotaryTable(
          .init(
            height: height, width: width, pairs: 2 * (1 + choices.below(9)),
            theta: choices.pick([10_000, 10, 1, 0, -3]), part: choices.pick([.cosine, .sine]))), [])
    default:
      let shape = dims(sizes(rank: choices.below(4)))
      try add(.fill(choices.pick([0, 1, -7, .infinity, 1e-30]), shape), [])
    }
  }
}
