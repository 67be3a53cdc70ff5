/// Rounds the weights of a channel one after another, and adjusts the remaining ones to compensate
/// for each error to the extent that the inputs are correlated (Frantar et al., "GPTQ", arXiv
/// 2210.17323).
///
/// With H the mean of x x^T over sampled inputs, the best compensation in weight j for an error d
/// in weight k is d U[k, j] / U[k, k], where U is the upper factor of the inverse of H: H^-1 = U^T
/// U. Inputs are taken in order of decreasing mean square, and in blocks, since inputs in different
/// blocks are hardly correlated; the work is that of one product with `blockSize` rows.
struct RoundingCompensation {
  static let blockSize = 128
  /// Added to the diagonal of H, as a share of its mean, because the sample is small.
  private static let damping = 0.03

  private struct Block {
    /// Inputs in the order in which their weights are rounded.
    var order: [Int]
    /// [n, n]: row k holds U[k, j] / U[k, k] to the right of the diagonal.
    var ratios: [Float]
    /// 1 / U[k, k]^2: mean square of the part of input k that later inputs do not explain.
    var ownSquares: [Float]
  }

  private let blocks: [Block]

  /// Prepares for inputs like those of `input`.
  init(_ input: CalibrationProfile.Input) {
    blocks = stride(from: 0, to: input.channelCount, by: Self.blockSize).map { start in
      Self.block(start..<min(start + Self.blockSize, input.channelCount), of: input)
    }
  }

  /// Rounds `row` to steps of `scale` and returns the mean square error of its product with the
  /// inputs.
  func round(
    _ row: UnsafeBufferPointer<Float>, scale: Float, to target: UnsafeMutableBufferPointer<Int8>
  ) -> Float {
    var noise: Float = 0
    withUnsafeTemporaryAllocation(of: Float.self, capacity: Self.blockSize) { weights in
      for block in blocks {
        let count = block.order.count
        for (k, input) in block.order.enumerated() { weights[k] = row[input] }
        block.ratios.withUnsafeBufferPointer { ratios in
          for k in 0..<count {
            // Division, as in the format's definition: multiplying by the inverse may round
            // differently.
            let level = RowQuantizer.roundedToEven(min(127, max(-127, weights[k] / scale)))
            target[block.order[k]] = Int8(level)
            let error = level * scale - weights[k]
            noise += error * error * block.ownSquares[k]
            for j in (k + 1)..<max(k + 1, count) { weights[j] += error * ratios[k * count + j] }
          }
        }
      }
    }
    return noise
  }

  // MARK: Preparing

  private static func block(
    _ range: Range<Int>, of input: CalibrationProfile.Input
  ) -> Block {
    let count = range.count
    let order = range.sorted { a, b in
      let (x, y) = (input.secondMoment[a], input.secondMoment[b])
      return x == y ? a < b : x > y
    }
    let gram = gram(order, of: input)
    let mean = (0..<count).reduce(0) { $0 + gram[$1 * count + $1] } / Double(max(1, count))
    guard mean > 0, mean.isFinite, let inverse = inverseFactor(gram, damping * mean, count) else {
      // Nothing is known about these inputs: each weight is rounded on its own.
      return Block(
        order: order, ratios: [Float](repeating: 0, count: count * count),
        ownSquares: order.map { input.secondMoment[$0] })
    }
    var ratios = [Float](repeating: 0, count: count * count)
    for k in 0..<count {
      let diagonal = inverse[k * count + k]
      for j in k..<count { ratios[k * count + j] = Float(inverse[k * count + j] / diagonal) }
    }
    let ownSquares = (0..<count).map { k in
      let diagonal = inverse[k * count + k]
      return Float(1 / (diagonal * diagonal))
    }
    return Block(order: order, ratios: ratios, ownSquares: ownSquares)
  }

  /// Mean of x x^T over the sample for the inputs in `order`, upper triangle of [n, n].
  private static func gram(_ order: [Int], of input: CalibrationProfile.Input) -> [Double] {
    let (count, channels) = (order.count, input.channelCount)
    // Sums over the sample are in float32, which is more exact than the sample itself.
    var sums = [Float](repeating: 0, count: count * count)
    var row = [Float](repeating: 0, count: count)
    for index in 0..<input.sampleRowCount {
      for (k, channel) in order.enumerated() { row[k] = input.sample[index * channels + channel] }
      row.withUnsafeBufferPointer { row in
        sums.withUnsafeMutableBufferPointer { sums in
          for i in 0..<count {
            let x = row[i]
            for j in i..<count { sums[i * count + j] += x * row[j] }
          }
        }
      }
    }
    return sums.map { Double($0) / Double(max(1, input.sampleRowCount)) }
  }

  /// The upper factor U with (gram + shift I)^-1 = U^T U, [n, n]; nil if the sum is not positive.
  ///
  /// Factors gram + shift I = V V^T with an upper V, by Cholesky's method from the last row up;
  /// then U = V^-1.
  private static func inverseFactor(_ gram: [Double], _ shift: Double, _ n: Int) -> [Double]? {
    var v = gram
    for i in 0..<n { v[i * n + i] += shift }
    for j in stride(from: n - 1, through: 0, by: -1) {
      for m in (j + 1)..<max(j + 1, n) { v[j * n + j] -= v[j * n + m] * v[j * n + m] }
      guard v[j * n + j] > 0, v[j * n + j].isFinite else { return nil }
      v[j * n + j] = v[j * n + j].squareRoot()
      for i in 0..<j {
        for m in (j + 1)..<max(j + 1, n) { v[i * n + j] -= v[i * n + m] * v[j * n + m] }
        v[i * n + j] /= v[j * n + j]
      }
    }
    var u = [Double](repeating: 0, count: n * n)
    for k in 0..<n {
      u[k * n + k] = 1 / v[k * n + k]
      for j in (k + 1)..<max(k + 1, n) {
        var sum = 0.0
        for m in k..<j { sum += u[k * n + m] * v[m * n + j] }
        u[k * n + j] = -sum / v[j * n + j]
      }
    }
    return u
  }
}
