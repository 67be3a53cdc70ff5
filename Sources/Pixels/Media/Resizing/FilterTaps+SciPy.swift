import Glibc

extension FilterTaps where Weight == Float {
  /// SciPy's `gaussian_filter` followed by `zoom` of order 1 with `grid_mode`, both with mirrored
  /// edges: the steps of scikit-image's `resize` with antialiasing.
  ///
  /// The axis has `inputCount` positions; those from `knownCount` on are zero. If it shrinks by a
  /// factor f, it is blurred first, with a deviation of (f - 1) / 2, over four deviations to each
  /// side.
  static func scipyZoom(from inputCount: Int, known knownCount: Int, to outputCount: Int) -> Self {
    let factor = Double(inputCount) / Double(outputCount)
    let blur = gaussian(deviation: max(0, (factor - 1) / 2))
    let radius = blur.count / 2
    // Two neighbours, each blurred; with mirroring, they may coincide.
    var taps = FilterTaps(outputCount: outputCount, stride: 2 * radius + 2)
    for output in 0..<outputCount {
      let position = mirrored((Double(output) + 0.5) * factor - 0.5, inputCount)
      let low = Int(position)
      let share = position - Double(low)
      var sums: [Int: Double] = [:]
      for (neighbour, weight) in [(low, 1 - share), (low + 1, share)] {
        let centre = mirrored(neighbour, inputCount)
        for (tap, value) in blur.enumerated() {
          let input = mirrored(centre + tap - radius, inputCount)
          if input < knownCount { sums[input, default: 0] += weight * value }
        }
      }
      let start = sums.keys.min() ?? 0
      let end = sums.keys.max() ?? start
      taps.append(
        start: start, values: (start...end).map { Float(sums[$0] ?? 0) }, padding: 0)
    }
    return taps
  }

  /// Weights of a Gaussian, which add up to one; a single weight if the deviation is zero.
  private static func gaussian(deviation: Double) -> [Double] {
    guard deviation > 1e-15 else { return [1] }
    let radius = Int(4 * deviation + 0.5)
    let weights = (-radius...radius).map { offset in
      exp(-0.5 * Double(offset * offset) / (deviation * deviation))
    }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }

  /// The position folded into an axis that is mirrored at the centres of its outermost elements.
  private static func mirrored(_ position: Double, _ count: Int) -> Double {
    guard count > 1 else { return 0 }
    let period = Double(2 * count - 2)
    let inside = position.magnitude.truncatingRemainder(dividingBy: period)
    return inside > Double(count - 1) ? period - inside : inside
  }

  private static func mirrored(_ position: Int, _ count: Int) -> Int {
    guard count > 1 else { return 0 }
    let inside = position.magnitude % UInt(2 * count - 2)
    return Int(inside) > count - 1 ? 2 * count - 2 - Int(inside) : Int(inside)
  }
}
