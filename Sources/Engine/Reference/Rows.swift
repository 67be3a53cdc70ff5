import Glibc
import Graph

/// Operators on single elements, pairs or rows.
enum Rows {
  /// (x - mean) / sqrt(variance + epsilon) * weight + bias over the last axis; biased variance.
  static func layerNorm(_ operands: [ReferenceValue], epsilon: Double) -> ReferenceValue {
    let (x, weight, bias) = (operands[0], operands[1], operands[2])
    let count = Double(x.columns)
    var values: [Double] = []
    for index in 0..<x.rows {
      let row = x.row(index)
      let mean = row.reduce(0, +) / count
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
      let deviation = (variance + epsilon).squareRoot()
      for (column, element) in row.enumerated() {
        values.append((element - mean) / deviation * weight.values[column] + bias.values[column])
      }
    }
    return ReferenceValue(x.shape, values)
  }

  /// (x - mean) / sqrt(variance + epsilon) * weight + bias, channel by channel.
  static func batchNorm(_ operands: [ReferenceValue], epsilon: Double) -> ReferenceValue {
    let (x, weight, bias) = (operands[0], operands[1].values, operands[2].values)
    let (mean, variance) = (operands[3].values, operands[4].values)
    let values = x.values.enumerated().map { index, element in
      let channel = index % x.columns
      let deviation = (variance[channel] + epsilon).squareRoot()
      return (element - mean[channel]) / deviation * weight[channel] + bias[channel]
    }
    return ReferenceValue(x.shape, values)
  }

  static func activate(_ x: Double, _ kind: Activation) -> Double {
    switch kind {
    case .none: x
    case .relu: max(x, 0)
    case .gelu: 0.5 * x * (1 + erf(x / 2.0.squareRoot()))
    case .sigmoid: 1 / (1 + exp(-x))
    case .quickGelu: x / (1 + exp(-1.702 * x))
    case .elu: x > 0 ? x : expm1(x)
    }
  }

  /// Each of the N parts of x [N, ...] times its scale.
  static func dequantize(_ x: ReferenceValue, scale: ReferenceValue) -> ReferenceValue {
    let part = x.values.count / max(1, scale.values.count)
    return ReferenceValue(
      x.shape, x.values.enumerated().map { $1 * scale.values[$0 / part] })
  }

  /// `function` of each pair of elements, after stretching both operands to `shape`.
  static func combine(
    _ a: ReferenceValue, _ b: ReferenceValue, _ shape: [Int],
    _ function: (Double, Double) -> Double
  ) -> ReferenceValue {
    let (left, right) = (Movement.broadcast(a, to: shape), Movement.broadcast(b, to: shape))
    return ReferenceValue(shape, zip(left.values, right.values).map(function))
  }

  /// x [B, N, C], cosine and sine [T, C / 2]: pair (2j, 2j + 1) of token n < `rotated` is rotated
  /// by the angle in row n mod T, column j.
  static func rotatePairs(_ operands: [ReferenceValue], rotated: Int) -> ReferenceValue {
    let (x, cosine, sine) = (operands[0], operands[1], operands[2])
    let (tokens, pairs, tableRows) = (x.shape[1], cosine.shape[1], cosine.shape[0])
    var values = x.values
    for row in 0..<x.rows where row % tokens < rotated && tableRows > 0 {
      for pair in 0..<pairs {
        let (even, odd) = (row * x.columns + 2 * pair, row * x.columns + 2 * pair + 1)
        let entry = row % tokens % tableRows * pairs + pair
        let (c, s) = (cosine.values[entry], sine.values[entry])
        values[even] = x.values[even] * c - x.values[odd] * s
        values[odd] = x.values[even] * s + x.values[odd] * c
      }
    }
    return ReferenceValue(x.shape, values)
  }
}
