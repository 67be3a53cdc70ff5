internal import Glibc
internal import Graph
internal import Tensors

/// Chooses the offsets and factors of a `SmoothingGroup` and folds them into the weights.
///
/// Offsets are the means of the channels, or nothing. Candidates for factors are s_k = a_k^alpha /
/// w_k^(1 - alpha), with a_k the largest input and w_k the largest weight of channel k (arXiv
/// 2211.10438), and s = 1. The candidate with the minimum expected error of the products wins:
///
///     sum over k of e_k |W_k|^2                    rounding of the input, e_k its mean square
///   + sum over k of m_k / s_k^2 * sum_n d_n^2 / 12  rounding of the weights in steps of d_n
///
/// where e_k is measured on the sampled rows with the rounding used at run time, and m_k is the
/// mean square of input k. Errors of different channels are assumed to be independent.
struct Smoothing {
  /// Offsets subtracted from the channels; nil when they are not shifted.
  let offsets: [Float]?
  let factors: [Float]
  let alpha: Double?
  /// Expected squared error of the products with these, divided by that without them.
  let gain: Double

  static let alphas = [0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85]
  /// Maximum expected error, relative to that without a change, at which a change is applied.
  ///
  /// The estimate leaves out the effect of later layers.
  private static let worthwhileGain = 0.9
  /// Factors are kept within this ratio of their geometric mean: trained channels differ by less.
  private static let largestFactor: Float = 1024

  /// Chooses for products with weights [N, K] that all read `input`; some may round only their
  /// weights, not the input.
  ///
  /// `offsets` may be subtracted from the channels. If the inputs did not come from a user, factors
  /// are powers of two: inputs that differ only in the last bits give the same factors, and folding
  /// rounds nothing.
  init(
    products: [(weight: Tensor, roundsInput: Bool)], input: CalibrationProfile.Input,
    offsets candidate: [Float]?, scales: Bool
  ) {
    let channels = input.channelCount
    let matrices = products.map { (elements: $0.weight.floats(), roundsInput: $0.roundsInput) }
    let plain = [Float](repeating: 1, count: channels)
    var estimate = Estimate(matrices: matrices, input: input)
    let reference = estimate.error(plain)
    var best: (factors: [Float], alpha: Double?, error: Double) = (plain, nil, reference)
    var offsets: [Float]?
    if let candidate {
      let shifted = Estimate(matrices: matrices, input: input.shifted(by: candidate))
      let error = shifted.error(plain)
      if error < Self.worthwhileGain * reference {
        (estimate, offsets, best.error) = (shifted, candidate, error)
      }
    }
    let unscaled = best.error
    for alpha in scales ? Self.alphas : [] {
      var factors = Self.factors(alpha, estimate.input.absoluteMaximum, estimate.largest)
      if input.source != .inputs { factors = factors.map(\.roundedToPowerOfTwo) }
      let error = estimate.error(factors)
      if error < best.error, error < Self.worthwhileGain * unscaled {
        best = (factors, alpha, error)
      }
    }
    self.offsets = offsets
    factors = best.factors
    alpha = best.alpha
    gain = reference > 0 ? best.error / reference : 1
  }

  var changesSomething: Bool { offsets != nil || alpha != nil }

  /// The statistics of `input` after smoothing.
  func applied(to input: CalibrationProfile.Input) -> CalibrationProfile.Input {
    let shifted = offsets.map { input.shifted(by: $0) } ?? input
    return alpha == nil ? shifted : shifted.divided(by: factors)
  }

  private static func factors(
    _ alpha: Double, _ inputs: [Float], _ weights: [Float]
  ) -> [Float] {
    var logarithms = zip(inputs, weights).map { input, weight in
      // A channel that is never used, or never weighed, may keep its size.
      input > 0 && weight > 0
        ? alpha * log(Double(input)) - (1 - alpha) * log(Double(weight)) : Double.nan
    }
    let known = logarithms.filter { $0.isFinite }
    let mean = known.reduce(0, +) / Double(max(1, known.count))
    let limit = log(Double(largestFactor))
    for k in logarithms.indices {
      logarithms[k] =
        logarithms[k].isFinite ? min(limit, max(-limit, logarithms[k] - mean)) : 0
    }
    return logarithms.map { Float(exp($0)) }
  }
}

extension Float {
  /// The power of two nearest to a positive number, on a logarithmic scale.
  var roundedToPowerOfTwo: Float {
    guard isNormal, self > 0 else { return 1 }
    let isUpper = significand >= 1.414_213_5
    return Float(sign: .plus, exponent: exponent + (isUpper ? 1 : 0), significand: 1)
  }
}

/// Expected error of products for given factors.
private struct Estimate {
  typealias Matrix = (elements: [Float], roundsInput: Bool)

  let matrices: [Matrix]
  let input: CalibrationProfile.Input
  /// Largest weight of each channel over all outputs.
  let largest: [Float]
  /// Sum of squares of each channel's weights over the outputs of products that round their input.
  private let squares: [Float]

  init(matrices: [Matrix], input: CalibrationProfile.Input) {
    self.matrices = matrices
    self.input = input
    let channels = input.channelCount
    var largest = [Float](repeating: 0, count: channels)
    var squares = largest
    for (matrix, roundsInput) in matrices {
      for start in stride(from: 0, to: matrix.count, by: channels) {
        for k in 0..<channels {
          largest[k] = max(largest[k], abs(matrix[start + k]))
          squares[k] += roundsInput ? matrix[start + k] * matrix[start + k] : 0
        }
      }
    }
    (self.largest, self.squares) = (largest, squares)
  }

  func error(_ factors: [Float]) -> Double {
    activationError(factors) + weightError(factors)
  }

  private func activationError(_ factors: [Float]) -> Double {
    guard matrices.contains(where: \.roundsInput) else { return 0 }
    let channels = factors.count
    var errors = [Float](repeating: 0, count: channels)
    var scaled = errors
    var rounded = errors
    for row in 0..<input.sampleRowCount {
      for k in 0..<channels { scaled[k] = input.sample[row * channels + k] / factors[k] }
      scaled.withUnsafeBufferPointer { source in
        rounded.withUnsafeMutableBufferPointer { RowQuantizer.roundTrip(source, into: $0) }
      }
      for k in 0..<channels {
        let error = (rounded[k] - scaled[k]) * factors[k]
        errors[k] += error * error
      }
    }
    let sum = zip(errors, squares).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    return sum / Double(max(1, input.sampleRowCount))
  }

  private func weightError(_ factors: [Float]) -> Double {
    let channels = factors.count
    var steps = 0.0
    for (matrix, _) in matrices {
      for start in Swift.stride(from: 0, to: matrix.count, by: channels) {
        var largest: Float = 0
        for k in 0..<channels { largest = max(largest, abs(matrix[start + k] * factors[k])) }
        let step = Double(largest) / 127
        steps += step * step / 12
      }
    }
    var moments = 0.0
    for k in 0..<channels {
      moments += Double(input.secondMoment[k] / (factors[k] * factors[k]))
    }
    return steps * moments
  }
}
