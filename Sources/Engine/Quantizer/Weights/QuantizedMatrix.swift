internal import Bytes
internal import Glibc
public import Tensors

/// Symmetric int8 quantisation of a weight matrix, one scale per output channel
/// (`Formats/quantization.md`).
public struct QuantizedMatrix: Sendable {
  /// int8 [outputs, depth], values in -127...127.
  public let values: Tensor
  /// float32 [outputs]; 1 for a channel of zeros.
  public let scale: Tensor
  /// Signal-to-quantisation-noise ratio in decibels, weighted as in the search.
  public let sqnr: Double
  /// Mean over the channels of the range kept, as a share of the largest magnitude.
  public let meanClip: Double
  /// Number of channels that contain only zeros.
  public let zeroChannels: Int

  /// Shares of the largest magnitude that the search tries.
  static let clips: [Float] = [1, 0.96, 0.92, 0.88, 0.84, 0.8, 0.75, 0.7, 0.65]

  /// Quantises `weight` [outputs, depth, 1...].
  ///
  /// With `searchesClip`, each channel gets the range with the minimum squared error; the error of
  /// element k is weighted by `importance[k]` (the mean square of input k), or by 1 without it.
  /// With `compensation`, the weights of a channel compensate for each other's rounding in that
  /// range.
  init(
    _ weight: Tensor, importance: [Float]? = nil, searchesClip: Bool = false,
    compensation: RoundingCompensation? = nil
  ) {
    let (outputs, depth) = (weight.shape[0], weight.elementCount / max(1, weight.shape[0]))
    let counts = importance ?? [Float](repeating: 1, count: depth)
    precondition(counts.count == depth, "importance must have one value per input")
    var scales = [Float](repeating: 1, count: outputs)
    var (signal, noise, clipSum, zeros) = (0.0, 0.0, 0.0, 0)
    values = Tensor(dtype: .int8, shape: [outputs, depth]) { target in
      let bytes = target.bindMemory(to: Int8.self)
      weight.floats().withUnsafeBufferPointer { source in
        counts.withUnsafeBufferPointer { counts in
          for output in 0..<outputs {
            let row = UnsafeBufferPointer(
              rebasing: source[(output * depth)..<((output + 1) * depth)])
            let channel = Channel(row, counts, searchesClip ? Self.clips : [1])
            let target = UnsafeMutableBufferPointer(
              rebasing: bytes[(output * depth)..<((output + 1) * depth)])
            if let compensation {
              noise += Double(compensation.round(row, scale: channel.scale, to: target))
            } else {
              channel.store(row, to: target)
              noise += channel.noise
            }
            scales[output] = channel.scale
            signal += channel.signal
            clipSum += Double(channel.clip)
            zeros += channel.isZero ? 1 : 0
          }
        }
      }
    }
    scale = Tensor(scales, shape: [outputs])
    sqnr = decibels(signal: signal, noise: noise)
    meanClip = outputs > 0 ? clipSum / Double(outputs) : 1
    zeroChannels = zeros
  }

  /// The matrix that the integers represent, [outputs, depth].
  public func dequantized() -> [Float] {
    var result = values.floats()
    let depth = values.shape[1]
    for (output, scale) in scale.floats().enumerated() {
      for k in (output * depth)..<((output + 1) * depth) { result[k] *= scale }
    }
    return result
  }
}

/// Signal-to-noise ratio in decibels; infinite without noise.
func decibels(signal: Double, noise: Double) -> Double {
  if noise <= 0 { return .infinity }
  return signal > 0 ? 10 * log10(signal / noise) : -.infinity
}

/// The choice for one output channel.
private struct Channel {
  var scale: Float = 1
  var clip: Float = 1
  var isZero = true
  var signal = 0.0
  var noise = 0.0

  init(
    _ row: UnsafeBufferPointer<Float>, _ counts: UnsafeBufferPointer<Float>, _ clips: [Float]
  ) {
    var (largest, sum) = (Float(0), Float(0))
    for k in row.indices {
      largest = max(largest, abs(row[k]))
      sum += counts[k] * row[k] * row[k]
    }
    signal = Double(sum)
    guard largest > 0 else { return }
    isZero = false
    var best = Float.infinity
    for candidate in clips {
      let candidateScale = largest * candidate / 127
      let error = Self.error(row, counts, candidateScale)
      // The first of equal candidates, which has the widest range.
      if error < best { (best, clip, scale) = (error, candidate, candidateScale) }
    }
    // No candidate is better when the moments are infinite or zero.
    if best == .infinity { scale = largest / 127 }
    noise = Double(best)
  }

  private static func error(
    _ row: UnsafeBufferPointer<Float>, _ counts: UnsafeBufferPointer<Float>, _ scale: Float
  ) -> Float {
    // Eight sums, so that the loop can run in vector registers.
    var sums = SIMD8<Float>(repeating: 0)
    let inverse = 1 / scale
    let whole = row.count / 8 * 8
    let (limit, bias) = (SIMD8<Float>(repeating: 127), SIMD8<Float>(repeating: 12_582_912))
    var k = 0
    while k < whole {
      let value = SIMD8(
        row[k], row[k + 1], row[k + 2], row[k + 3], row[k + 4], row[k + 5], row[k + 6], row[k + 7])
      let count = SIMD8(
        counts[k], counts[k + 1], counts[k + 2], counts[k + 3], counts[k + 4], counts[k + 5],
        counts[k + 6], counts[k + 7])
      let level = pointwiseMin(limit, pointwiseMax(-limit, value * inverse))
      let error = value - ((level + bias) - bias) * scale
      sums += count * error * error
      k += 8
    }
    var sum = sums.sum()
    while k < row.count {
      let error = row[k] - quantized(row[k], inverse) * scale
      sum += counts[k] * error * error
      k += 1
    }
    return sum
  }

  private static func quantized(_ value: Float, _ inverse: Float) -> Float {
    RowQuantizer.roundedToEven(min(127, max(-127, value * inverse)))
  }

  func store(_ row: UnsafeBufferPointer<Float>, to target: UnsafeMutableBufferPointer<Int8>) {
    // Division, as in the format's definition: multiplying by the inverse may round differently.
    for k in row.indices {
      let level = min(127, max(-127, row[k] / scale))
      target[k] = Int8(RowQuantizer.roundedToEven(level))
    }
  }
}
