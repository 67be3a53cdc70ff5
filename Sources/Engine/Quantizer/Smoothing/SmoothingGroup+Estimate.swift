internal import Glibc
internal import Graph
internal import Tensors

extension SmoothingGroup {
  /// Input rows of the products, estimated from the weights; nil where that is impossible.
  ///
  /// A LayerNorm gives each channel its bias plus its weight times a normal variable. Products are
  /// computed on such rows; the averaging of rows by attention is ignored, because it shrinks all
  /// channels alike.
  func estimatedInput(
    _ weights: WeightTable, _ profile: CalibrationProfile
  ) -> CalibrationProfile.Input? {
    switch producer {
    case .norm:
      guard vectors.count == 2, let gain = weights[vectors[0].name]?.floats(),
        let offset = weights[vectors[1].name]?.floats(),
        gain.count == channelCount, offset.count == channelCount
      else { return nil }
      return .normal(gain: gain, offset: offset)
    case .attention, .relu:
      guard let matrix = matrices.first, let input = profile.inputs[matrix.name],
        let made = ProjectedRows(
          input, weights, matrix.name, bias: vectors.first?.name, start: matrix.start,
          count: channelCount, limit: CalibrationProfile.Input.estimatedRowCount)
      else { return nil }
      let rows = producer == .relu ? made.values.map { max(0, $0) } : made.values
      return .init(estimatedRows: rows, channels: channelCount)
    }
  }
}

/// Outputs of some rows of a product for sampled inputs.
struct ProjectedRows {
  /// [rows, count].
  let values: [Float]

  /// Rows `start`..<`start + count` of the product of `weight`, on up to `limit` sampled rows of
  /// `input`; nil if their sizes do not match.
  init?(
    _ input: CalibrationProfile.Input, _ weights: WeightTable, _ weight: String, bias: String?,
    start: Int, count: Int, limit: Int
  ) {
    let depth = input.channelCount
    guard let matrix = weights[weight]?.floats(), depth > 0,
      matrix.count >= (start + count) * depth, input.sampleRowCount > 0
    else { return nil }
    let offsets = bias.flatMap { weights[$0]?.floats() }
    let rows = min(limit, input.sampleRowCount)
    // Sampled rows are in the order in which they were seen, so rows at even intervals cover them
    // all.
    let step = input.sampleRowCount / rows
    var values: [Float] = []
    values.reserveCapacity(rows * count)
    matrix.withUnsafeBufferPointer { matrix in
      input.sample.withUnsafeBufferPointer { sample in
        for row in 0..<rows {
          for output in start..<(start + count) {
            let product = Self.product(
              matrix, output * depth, sample, row * step * depth, count: depth)
            values.append(product + (offsets?[output] ?? 0))
          }
        }
      }
    }
    self.values = values
  }

  /// Eight sums, so that the loop can run in vector registers.
  private static func product(
    _ a: UnsafeBufferPointer<Float>, _ i: Int, _ b: UnsafeBufferPointer<Float>, _ j: Int, count: Int
  ) -> Float {
    var sums = SIMD8<Float>(repeating: 0)
    let whole = count / 8 * 8
    var k = 0
    while k < whole {
      var (x, y) = (SIMD8<Float>(), SIMD8<Float>())
      for lane in 0..<8 { (x[lane], y[lane]) = (a[i + k + lane], b[j + k + lane]) }
      sums += x * y
      k += 8
    }
    var sum = sums.sum()
    while k < count {
      sum += a[i + k] * b[j + k]
      k += 1
    }
    return sum
  }
}

/// Nearly normal numbers from a seed, the same on every machine: sums of twelve uniform ones.
private struct NormalStream {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> Float {
    var sum = 0.0
    for _ in 0..<12 { sum += uniform() }
    return Float(sum - 6)
  }

  /// SplitMix64, in 0..<1.
  private mutating func uniform() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
  }
}

extension CalibrationProfile.Input {
  /// Number of rows in an estimate.
  static let estimatedRowCount = 64
  /// Seed of the drawn rows, fixed so that equal models give equal files.
  private static let seed: UInt64 = 0x5EED

  /// Rows of independent, normal channels.
  static func normal(gain: [Float], offset: [Float]) -> Self {
    var random = NormalStream(seed: seed)
    var rows: [Float] = []
    rows.reserveCapacity(estimatedRowCount * gain.count)
    for _ in 0..<estimatedRowCount {
      for k in gain.indices { rows.append(offset[k] + gain[k] * random.next()) }
    }
    return Self(estimatedRows: rows, channels: gain.count)
  }

  /// Statistics of rows that were estimated rather than observed.
  init(estimatedRows rows: [Float], channels: Int) {
    let count = Float(max(1, rows.count / max(1, channels)))
    var lowest = [Float](repeating: .infinity, count: channels)
    var highest = [Float](repeating: -.infinity, count: channels)
    var mean = [Float](repeating: 0, count: channels)
    var secondMoment = mean
    for (index, x) in rows.enumerated() {
      let k = index % channels
      lowest[k] = min(lowest[k], x)
      highest[k] = max(highest[k], x)
      mean[k] += x / count
      secondMoment[k] += x * x / count
    }
    self.init(
      rowCount: rows.count / max(1, channels), lowest: lowest, highest: highest, mean: mean,
      secondMoment: secondMoment, sample: rows, source: .weights)
  }
}
