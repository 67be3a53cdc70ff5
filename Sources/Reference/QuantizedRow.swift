/// A row of activations as unsigned 8-bit integers: x ~ scale * (integer - zero).
///
/// This is the one piece of the interpreter computed in 32-bit floats, in the order the kernels
/// use, so that its integers equal theirs on every instruction set.
struct QuantizedRow {
  let scale: Float
  /// The integer that stands for 0.0; 0...255.
  let zero: Int
  /// 0...255 each.
  let integers: [Int]

  init(_ row: [Float]) {
    // Zero is always inside the range, so it is represented exactly.
    let smallest = min(row.min() ?? 0, 0)
    let largest = max(row.max() ?? 0, 0)
    guard smallest < largest else {
      scale = 1
      zero = 0
      integers = row.map { _ in 0 }
      return
    }
    let scale = (largest - smallest) / 255
    let inverse = 1 / scale
    let zero = Self.clamped((-smallest * inverse).rounded(.toNearestOrEven))
    self.scale = scale
    self.zero = zero
    integers = row.map {
      Self.clamped(($0 * inverse).rounded(.toNearestOrEven) + Float(zero))
    }
  }

  /// NaN, which only a row with infinite or NaN elements can give, becomes 0.
  private static func clamped(_ value: Float) -> Int {
    value.isNaN ? 0 : Int(min(max(value, 0), 255))
  }
}
