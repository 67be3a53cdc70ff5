/// The rounding of activation rows that `quantized_linear` performs while a model runs, in the same
/// float32 steps (`Formats/quantization.md`), for estimating its cost.
public enum RowQuantizer {
  /// Writes `row`, after a round trip through int8, to `result`.
  public static func roundTrip(
    _ row: UnsafeBufferPointer<Float>, into result: UnsafeMutableBufferPointer<Float>
  ) {
    var (low, high) = (Float(0), Float(0))
    for value in row {
      low = value < low ? value : low
      high = value > high ? value : high
    }
    var step = (high - low) / 255
    if !(step >= Float.leastNormalMagnitude && step <= 3e38) { (step, low) = (1, 0) }
    let inverse = 1 / step
    let zero = min(255, max(0, roundedToEven(-low * inverse)))
    for k in row.indices {
      let level = min(255, max(0, roundedToEven(row[k] * inverse) + zero))
      result[k] = (level - zero) * step
    }
  }

  /// Signal-to-noise ratio of a product's sampled rows in decibels; nil without samples.
  static func sqnr(of input: CalibrationProfile.Input) -> Double? {
    guard input.sampleRowCount > 0 else { return nil }
    let channels = input.channelCount
    var rounded = [Float](repeating: 0, count: channels)
    var (signal, noise) = (0.0, 0.0)
    input.sample.withUnsafeBufferPointer { sample in
      for row in 0..<input.sampleRowCount {
        let values = UnsafeBufferPointer(
          rebasing: sample[(row * channels)..<((row + 1) * channels)])
        rounded.withUnsafeMutableBufferPointer { roundTrip(values, into: $0) }
        for k in 0..<channels {
          signal += Double(values[k] * values[k])
          noise += Double((rounded[k] - values[k]) * (rounded[k] - values[k]))
        }
      }
    }
    return decibels(signal: signal, noise: noise)
  }

  /// The nearest integer, with halves rounded to even, for magnitudes below 2^22: adding 1.5 * 2^23
  /// leaves no bits for a fraction.
  ///
  /// Compiles to two additions, whereas `rounded()` is a call.
  @inline(__always)
  static func roundedToEven(_ value: Float) -> Float {
    let bounded = min(4_194_304, max(-4_194_304, value))
    return (bounded + 12_582_912) - 12_582_912
  }
}
