import Bytes
import Graph

// Attention with what the runtime and the passes join with it.

extension RandomGraphWriter {
  // MARK: Windows

  /// Norm, windows, queries, keys and values of one product, attention, the way back, a shortcut.
  mutating func writeWindowAttention() throws(Failure) {
    let isQuantized = choices.chance(50)
    let window = choices.pick([4, 2, 3, 6])
    let (height, width) = (positiveSize(atMost: 9), positiveSize(atMost: 9))
    let heads = choices.pick([1, 2, 3])
    let (depth, head) = (choices.pick([8, 16, 12]), choices.pick([4, 8, 5]))
    let part = heads * head
    let batch = choices.pick([1, 2])
    var x = data([batch, height, width, depth].map { Dim(constant: $0) })
    let source = x
    if choices.chance(70) { x = try between(normalize(x)) }
    x = try between(add(.windowPartition(window: window), [x]))
    let count = actual(x)[0]
    guard actual(x) == [count, window, window, depth] else { return }
    let all = try between(multiply(x, columns: 3 * part, isQuantized: isQuantized))
    guard actual(all).last == 3 * part, actual(all).count == 4 else { return }
    let order = choices.chance(80) ? [0, 1, 2] : [2, 0, 1]
    var parts: [ValueID] = []
    let pool = window % 2 == 0 && choices.chance(50) ? 2 : 1
    for (place, index) in order.enumerated() {
      var x = try slice(all, axis: 3, start: index * part, count: part)
      if choices.chance(10) { x = try add(.reshape(otherShape(of: x)), [x]) }
      if place == 0, pool > 1 { x = try pooled(x, pool) }
      let rows = place == 0 ? window / pool * (window / pool) : window * window
      parts.append(try add(.reshape([count, rows, part].map { Dim(constant: $0) }), [x]))
    }
    var y = try between(attend(parts, heads: heads, isQuantized: isQuantized))
    let side = window / pool
    y = try add(.reshape([count, side, side, part].map { Dim(constant: $0) }), [y])
    y = try between(multiply(y, columns: choices.pick([depth, 3]), isQuantized: isQuantized))
    guard actual(y).count == 4 else { return }
    let (newHeight, newWidth) = ((height + pool - 1) / pool, (width + pool - 1) / pool)
    y = try add(.windowMerge(window: side, height: newHeight, width: newWidth), [y])
    let shortcut = shape(y) == shape(source) && choices.chance(50) ? source : data(shape(y))
    if choices.chance(70) { try add(.add, [shortcut, y]) }
  }

  /// Pooled cells, sometimes after a reshape of the windows.
  private mutating func pooled(_ x: ValueID, _ window: Int) throws(Failure) -> ValueID {
    let sizes = actual(x)
    guard sizes.count == 4, choices.chance(20) else {
      return try add(.maxPool(window: window), [x])
    }
    // The same rows as another plane.
    let plane =
      choices.chance(50)
      ? [sizes[0], sizes[1] * 2, sizes[2] / 2, sizes[3]]
      : [1, sizes[0] * sizes[1], sizes[2], sizes[3]]
    return try add(
      .maxPool(window: window), [add(.reshape(plane.map { Dim(constant: $0) }), [x])])
  }

  // MARK: Tokens and cells

  /// Attention from a few tokens to many cells or back, with the projections around it.
  mutating func writeTokenAttention() throws(Failure) {
    let heads = choices.pick([4, 1, 2, 8])
    let width = heads * choices.pick([8, 4, 16])
    let channels = choices.pick([16, 32, 48, 20])
    let (cells, tokens) = (choices.pick([40, 64, 33, 100]), choices.pick([1, 2, 3, 5, 8]))
    let batch = dim(choices.pick([1, 2, 3]))
    let rows = Dim(constant: cells)
    let shape = [batch, rows, Dim(constant: channels)]
    let image = choices.chance(30) ? try repeated(shape) : data(shape)
    let position = data([choices.chance(60) ? 1 : batch, rows, Dim(constant: channels)])
    let coded = try between(
      add(.add, choices.chance(70) ? [image, position] : [position, image]))
    let few = [batch, Dim(constant: tokens), Dim(constant: width)]
    func isCell(_ value: ValueID) -> Bool { actual(value).count == 3 }
    guard isCell(coded) else { return }
    for _ in 0..<(1 + choices.below(2)) {
      let source = choices.chance(70) ? coded : image
      if choices.chance(50) {
        let keys = try between(multiply(source, columns: width, isQuantized: false))
        let values = try between(
          choices.chance(20)
            ? keys
            : multiply(choices.chance(70) ? image : coded, columns: width, isQuantized: false))
        try attend([data(few), keys, values], heads: heads, isQuantized: false)
      } else {
        let queries = try between(multiply(source, columns: width, isQuantized: false))
        let read = try between(
          attend([queries, data(few), data(few)], heads: heads, isQuantized: false))
        try finishUpdate(read, image, channels)
      }
    }
  }

  private mutating func finishUpdate(
    _ read: ValueID, _ image: ValueID, _ channels: Int
  ) throws(Failure) {
    let hasResidual = choices.chance(30)
    var y = try between(
      multiply(
        read, columns: channels, isQuantized: false,
        activation: choices.chance(10) ? .relu : .none, hasResidual: hasResidual))
    if choices.chance(70) {
      let other = shape(image) == shape(y) && choices.chance(70) ? image : data(shape(y))
      y = try between(add(.add, choices.chance(50) ? [other, y] : [y, other]))
    }
    if choices.chance(60) { try normalize(y) }
  }

  /// One item for all of the batch.
  private mutating func repeated(_ shape: [Dim]) throws(Failure) -> ValueID {
    try add(.broadcast(shape), [data([1] + shape.dropFirst())])
  }

  // MARK: Keys

  /// Int8 attention to keys of rows with codes: few of them, or too many to keep any.
  mutating func writeKeyChain() throws(Failure) {
    let isLarge = choices.chance(15)
    if isLarge { workLeft += 6_000_000 }
    let (queries, keys) = isLarge ? (600, 450) : (choices.pick([7, 40]), choices.pick([33, 130]))
    let heads = choices.pick([1, 2])
    let (depth, width) = (choices.pick([8, 16]), 8 * heads)
    let batch = Dim(constant: isLarge ? 1 : choices.pick([1, 2]))
    let rows = Dim(constant: keys)
    var x = data([batch, rows, Dim(constant: depth)])
    if choices.chance(60) {
      let codes = data([choices.chance(50) ? 1 : batch, rows, Dim(constant: depth)])
      x = try between(add(.add, choices.chance(50) ? [x, codes] : [codes, x]))
    }
    for _ in 0..<(1 + choices.below(2)) {
      var key = choices.chance(40) ? try between(normalize(x)) : x
      key = try between(multiply(key, columns: width, isQuantized: choices.chance(80)))
      if choices.chance(60) { key = try between(rotate(key)) }
      guard actual(key).count == 3 else { return }
      let query = data([batch, Dim(constant: queries), Dim(constant: width)])
      let values = data([batch, rows, Dim(constant: 4 * heads)])
      try attend([query, key, values], heads: heads, isQuantized: true)
    }
  }

  // MARK: Values

  /// Attention to values that are projected from narrow tokens, and a product after it: operators
  /// that passes reorder, and that smoothing divides.
  mutating func writeValueProjection() throws(Failure) {
    let heads = choices.pick([1, 1, 1, 2])
    let batch = dim(choices.pick([1, 2]))
    let keys = dim(choices.pick([1, 7, 33]))
    let (narrow, wide) = (choices.pick([4, 8, 16]), choices.pick([16, 32, 8]))
    let tokens = data([batch, keys, Dim(constant: narrow)])
    let values = try between(multiply(tokens, columns: wide, isQuantized: false))
    let query = data([batch, dim(choices.pick([3, 17])), Dim(constant: 8 * heads)])
    let key = data([batch, keys, Dim(constant: 8 * heads)])
    guard actual(values).count == 3 else { return }
    let y = try between(attend([query, key, values], heads: heads, isQuantized: false))
    let hidden = try between(
      multiply(
        y, columns: choices.pick([8, 32]), isQuantized: false,
        activation: choices.chance(40) ? .relu : .none, hasResidual: choices.chance(20)))
    try multiply(hidden, columns: choices.pick([8, 24]), isQuantized: false)
  }
}
