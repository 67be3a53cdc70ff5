/// A row of activations as unsigned 8-bit integers: x ~ scale * (integer - zero).
///
/// This is the one piece of the interpreter computed in 32-bit floats, in the order the kernels
/// use, so that its integers equal theirs on every instruction set.
struct QuantizedRow {
  let scale: Float
  /// The integer that represents 0.0; 0...255.
  let zero: Int
  /// 0...255 each.
  let integers: [Int]

  /// Scales that have a finite reciprocal.
  ///
  /// Another one, as that of a row of zeros, becomes 1.
  private static let scales: ClosedRange<Float> = .leastNormalMagnitude...3e38

  init(_ row: [Float]) {
    // Zero is always inside the range, so it is represented exactly. A NaN moves neither bound.
    var smallest = row.reduce(0) { $1 < $0 ? $1 : $0 }
    let largest = row.reduce(0) { $1 > $0 ? $1 : $0 }
    var scale = (largest - smallest) / 255
    if !Self.scales.contains(scale) {
      scale = 1
      smallest = 0
    }
    let inverse = 1 / scale
    let zero = Self.clamped((-smallest * inverse).rounded(.toNearestOrEven))
    self.scale = scale
    self.zero = zero
    integers = row.map {
      Self.clamped(($0 * inverse).rounded(.toNearestOrEven) + Float(zero))
    }
  }

  /// NaN becomes 0, as it does in the kernels.
  private static func clamped(_ value: Float) -> Int {
    value.isNaN ? 0 : Int(min(max(value, 0), 255))
  }
}
