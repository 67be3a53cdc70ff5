/// For each output position, the input positions that contribute and their weights.
struct FilterTaps<Weight: Sendable>: Sendable {
  /// First input position, one per output position.
  var starts: [Int32] = []
  /// Number of inputs that contribute, one count per output position; at least one.
  var counts: [Int32] = []
  /// `stride` weights per output position; only the first `counts` of them are meaningful.
  var weights: [Weight] = []
  let stride: Int

  var outputCount: Int { starts.count }

  init(outputCount: Int, stride: Int) {
    self.stride = stride
    starts.reserveCapacity(outputCount)
    counts.reserveCapacity(outputCount)
    weights.reserveCapacity(outputCount * stride)
  }

  /// Appends an output position; `values` are the weights of the inputs from `start` on.
  mutating func append(start: Int, values: [Weight], padding: Weight) {
    starts.append(Int32(start))
    counts.append(Int32(values.count))
    weights += values
    for _ in values.count..<stride { weights.append(padding) }
  }
}

extension FilterTaps where Weight == Float {
  /// The triangle filter of PyTorch's antialiased bilinear mode, also in single precision.
  ///
  /// Based on `upsample_antialias` in ATen: the filter is stretched by the scale when shrinking and
  /// is never narrower than one input pixel to each side.
  static func torchBilinear(from inputCount: Int, to outputCount: Int) -> FilterTaps {
    let scale = Float(inputCount) / Float(outputCount)
    let support = scale >= 1 ? scale : 1
    let inverseScale = scale >= 1 ? 1 / scale : 1
    let stride = Int(support.rounded(.up)) * 2 + 1
    var taps = FilterTaps(outputCount: outputCount, stride: stride)
    for output in 0..<outputCount {
      let center = scale * (Float(output) + 0.5)
      let start = max(Int(center - support + 0.5), 0)
      let count = min(max(min(Int(center + support + 0.5), inputCount) - start, 0), stride)
      var values = (0..<count).map { input in
        max(1 - abs((Float(input + start) - center + 0.5) * inverseScale), 0)
      }
      let sum = values.reduce(0, +)
      if sum != 0 { values = values.map { $0 / sum } }
      taps.append(start: start, values: values, padding: 0)
    }
    return taps
  }
}

extension FilterTaps where Weight == Int32 {
  /// Fractional bits of the fixed-point weights: 8 bits are left for the sample, 2 for overshoot.
  static var precisionBits: Int32 { 32 - 8 - 2 }

  /// Pillow's bicubic filter with a = -0.5, computed in double and rounded to fixed point.
  ///
  /// Based on `precompute_coeffs` and `normalize_coeffs_8bpc` in Pillow's Resample.c.
  static func pillowBicubic(from inputCount: Int, to outputCount: Int) -> FilterTaps {
    let scale = Double(inputCount) / Double(outputCount)
    let stretch = max(scale, 1)
    let support = 2 * stretch
    let inverseStretch = 1 / stretch
    var taps = FilterTaps(outputCount: outputCount, stride: Int(support.rounded(.up)) * 2 + 1)
    for output in 0..<outputCount {
      let center = (Double(output) + 0.5) * scale
      let start = max(Int(center - support + 0.5), 0)
      let count = min(Int(center + support + 0.5), inputCount) - start
      let values = (0..<count).map { input in
        cubic((Double(input + start) - center + 0.5) * inverseStretch)
      }
      let sum = values.reduce(0, +)
      taps.append(
        start: start, values: values.map { fixedPoint(sum == 0 ? $0 : $0 / sum) }, padding: 0)
    }
    return taps
  }

  private static func cubic(_ distance: Double) -> Double {
    let a = -0.5
    let x = abs(distance)
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
    return 0
  }

  /// `weight` in fixed point, rounded half away from zero.
  private static func fixedPoint(_ weight: Double) -> Int32 {
    let scaled = weight * Double(1 << precisionBits)
    return Int32(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
  }
}

/// For each output position, two input positions and the weight of the second.
///
/// PyTorch's bilinear mode with half-pixel centres, in single precision.
struct LinearTaps: Sendable {
  private(set) var first: [Int32] = []
  private(set) var second: [Int32] = []
  /// Weight of `second`; the weight of `first` is one minus this.
  private(set) var share: [Float] = []

  init(from inputCount: Int, to outputCount: Int) {
    let scale = Float(inputCount) / Float(outputCount)
    for output in 0..<outputCount {
      let position =
        inputCount == outputCount
        ? Float(output) : max(scale * (Float(output) + 0.5) - 0.5, 0)
      let low = min(Int(position), inputCount - 1)
      first.append(Int32(low))
      second.append(Int32(min(low + 1, inputCount - 1)))
      share.append(min(max(position - Float(low), 0), 1))
    }
  }
}
