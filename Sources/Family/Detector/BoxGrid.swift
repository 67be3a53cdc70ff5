import DetectorConfig
import Glibc
import Tensors

/// The boxes that patches start from, whatever is in the picture, as logits.
///
/// The centre starts at the lower-right corner of the patch, and the size at the patch's size. A
/// prediction is added, and the logistic function of the sum is the box in 0...1.
struct BoxGrid: Sendable {
  /// [n, 4].
  private let bias: [Float]

  init(side: Int) {
    let size = Self.logit(1 / Float(side))
    var bias: [Float] = []
    bias.reserveCapacity(side * side * 4)
    let ends = (1...side).map { Self.logit(Float($0) / Float(side)) }
    for y in 0..<side {
      for x in 0..<side { bias += [ends[x], ends[y], size, size] }
    }
    self.bias = bias
  }

  /// ln(p + 1e-4) - ln(1 - p + 1e-4).
  private static func logit(_ p: Float) -> Float { logf(p + 1e-4) - log1pf(-p + 1e-4) }

  /// Boxes [n, 4] of predictions [1, n, 4].
  func boxes(_ predictions: Tensor) -> Tensor {
    let values = predictions.withFloats { predicted in
      zip(predicted, bias).map { logistic($0 + $1) }
    }
    return Tensor(values, shape: Shape([values.count / 4, 4]))
  }
}
