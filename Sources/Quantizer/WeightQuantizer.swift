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
  /// Signal to quantisation noise, in decibels.
  public let sqnr: Double

  /// Quantises `weight` [outputs, depth, 1...].
  public init(_ weight: Tensor) {
    let (outputs, depth) = (weight.shape[0], weight.elementCount / max(1, weight.shape[0]))
    let source = weight.floats()
    var scales = [Float](repeating: 1, count: outputs)
    var (signal, noise) = (0.0, 0.0)
    values = Tensor(dtype: .int8, shape: [outputs, depth]) { target in
      for output in 0..<outputs {
        let row = source[(output * depth)..<((output + 1) * depth)]
        let largest = row.reduce(0) { max($0, abs($1)) }
        let scale = largest > 0 ? largest / 127 : 1
        scales[output] = scale
        for (k, value) in row.enumerated() {
          let q = min(127, max(-127, (value / scale).rounded(.toNearestOrEven)))
          target.storeBytes(of: Int8(q), toByteOffset: output * depth + k, as: Int8.self)
          let error = Double(value) - Double(q) * Double(scale)
          signal += Double(value) * Double(value)
          noise += error * error
        }
      }
    }
    scale = Tensor(scales, shape: [outputs])
    sqnr = noise > 0 ? 10 * signalRatio(signal, noise) : .infinity
  }
}

private func signalRatio(_ signal: Double, _ noise: Double) -> Double {
  signal > 0 ? log10(signal / noise) : -Double.infinity
}
