import Bytes

/// Operators that move or repeat elements and compute nothing.
enum Movement {
  static func transpose(_ x: ReferenceValue, _ axes: [Int], _ shape: [Int]) -> ReferenceValue {
    let strides = x.strides
    return pick(x, shape, strides: axes.map { strides[$0] })
  }

  static func slice(
    _ x: ReferenceValue, _ axis: Int, _ start: Int, _ shape: [Int]
  ) -> ReferenceValue {
    pick(x, shape, strides: x.strides, first: start * x.strides[axis])
  }

  /// Axes are aligned at the right; one of size 1 (or missing) is repeated.
  static func broadcast(_ x: ReferenceValue, to shape: [Int]) -> ReferenceValue {
    let added = Array(repeating: 0, count: shape.count - x.shape.count)
    // A step of zero reads the same element again.
    return pick(x, shape, strides: added + zip(x.shape, x.strides).map { $0 == 1 ? 0 : $1 })
  }

  static func concat(_ parts: [ReferenceValue], _ axis: Int, _ shape: [Int]) -> ReferenceValue {
    var values: [Double] = []
    for outer in 0..<shape[..<axis].reduce(1, *) {
      for part in parts {
        let count = part.shape[axis...].reduce(1, *)
        values += part.values[(outer * count)..<((outer + 1) * count)]
      }
    }
    return ReferenceValue(shape, values)
  }

  /// Rows of table [T, C] at `indices`.
  /// - Throws: `reference.index` when an index is outside 0..<T.
  static func gather(
    _ table: ReferenceValue, _ indices: ReferenceValue, _ shape: [Int]
  ) throws(Failure) -> ReferenceValue {
    var values: [Double] = []
    for index in indices.values {
      guard index >= 0, index < Double(table.shape[0]) else {
        throw Failure(
          .badInput, code: "reference.index",
          "gather: index \(Int(index)) is outside a table of \(table.shape[0]) rows")
      }
      values += table.row(Int(index))
    }
    return ReferenceValue(shape, values)
  }

  /// A value of `shape` whose element at (i, j, ...) is `x.values[first + i * strides[0] + ...]`.
  private static func pick(
    _ x: ReferenceValue, _ shape: [Int], strides: [Int], first: Int = 0
  ) -> ReferenceValue {
    var offsets = [first]
    for (size, stride) in zip(shape, strides) {
      offsets = offsets.flatMap { offset in (0..<size).map { offset + $0 * stride } }
    }
    return ReferenceValue(shape, offsets.map { x.values[$0] })
  }
}
