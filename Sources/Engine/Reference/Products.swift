import Glibc
import Graph

/// Operators that multiply and sum.
enum Products {
  /// x [..., K], weight [N, K], then bias and residual -> activation(x W^T + bias) + residual.
  static func linear(_ operands: [ReferenceValue], _ p: Linear, _ shape: [Int]) -> ReferenceValue {
    let (x, weight) = (operands[0], operands[1])
    let depth = weight.shape[1]
    return finish(operands, p, firstAfterWeight: 2, shape) { row, column in
      var sum = 0.0
      for k in 0..<depth { sum += x.values[row * depth + k] * weight.values[column * depth + k] }
      return sum
    }
  }

  /// Like `linear`; x is quantised by rows, the weight is int8 with one scale per output.
  static func quantizedLinear(
    _ operands: [ReferenceValue], _ p: Linear, _ shape: [Int]
  ) -> ReferenceValue {
    let (x, weight, scale) = (operands[0], operands[1], operands[2])
    let depth = weight.shape[1]
    let integers = weight.values.map { Int($0) }
    let rows = (0..<x.rows).map { QuantizedRow(x.row($0).map(Float.init)) }
    let columnSums = (0..<weight.shape[0]).map { column in
      integers[(column * depth)..<((column + 1) * depth)].reduce(0, +)
    }
    return finish(operands, p, firstAfterWeight: 3, shape) { row, column in
      let quantized = rows[row]
      var sum = 0
      for k in 0..<depth { sum += quantized.integers[k] * integers[column * depth + k] }
      sum -= quantized.zero * columnSums[column]
      return Double(quantized.scale) * scale.values[column] * Double(sum)
    }
  }

  /// Bias, activation and residual around a product of row and column.
  private static func finish(
    _ operands: [ReferenceValue], _ p: Linear, firstAfterWeight: Int, _ shape: [Int],
    product: (_ row: Int, _ column: Int) -> Double
  ) -> ReferenceValue {
    let columns = operands[1].shape[0]
    let bias = p.hasBias ? operands[firstAfterWeight] : nil
    let residual = p.hasResidual ? operands[firstAfterWeight + (p.hasBias ? 1 : 0)] : nil
    var values: [Double] = []
    for row in 0..<operands[0].rows {
      for column in 0..<columns {
        let sum = product(row, column) + (bias?.values[column] ?? 0)
        values.append(
          Rows.activate(sum, p.activation) + (residual?.values[row * columns + column] ?? 0))
      }
    }
    return ReferenceValue(shape, values)
  }

  /// a [B, M, K], b [B, N, K] -> a b^T [B, M, N].
  static func matmulTransposed(_ a: ReferenceValue, _ b: ReferenceValue) -> ReferenceValue {
    let (batch, aRows, bRows) = (a.shape[0], a.shape[1], b.shape[1])
    var values: [Double] = []
    for image in 0..<batch {
      for i in 0..<aRows {
        for j in 0..<bRows {
          values.append(dot(a.row(image * aRows + i), b.row(image * bRows + j)))
        }
      }
    }
    return ReferenceValue([batch, aRows, bRows], values)
  }

  /// q [B, Nq, heads * D], k [B, Nk, heads * D], v [B, Nk, heads * Dv] -> softmax(scale q k^T) v.
  static func attention(
    _ operands: [ReferenceValue], heads: Int, scale: Double, _ shape: [Int]
  ) -> ReferenceValue {
    let (query, key, value) = (operands[0], operands[1], operands[2])
    let (queries, keys) = (query.shape[1], key.shape[1])
    let (depth, valueDepth) = (query.columns / heads, value.columns / heads)
    func part(_ row: ArraySlice<Double>, _ head: Int, _ size: Int) -> ArraySlice<Double> {
      row.dropFirst(head * size).prefix(size)
    }
    var values = [Double](repeating: 0, count: shape.reduce(1, *))
    for row in 0..<query.rows {
      let firstKey = row / queries * keys
      for head in 0..<heads {
        let q = part(query.row(row), head, depth)
        let weights = softmax(
          (0..<keys).map { scale * dot(q, part(key.row(firstKey + $0), head, depth)) })
        let start = (row * heads + head) * valueDepth
        for (token, weight) in weights.enumerated() {
          for (i, v) in part(value.row(firstKey + token), head, valueDepth).enumerated() {
            values[start + i] += weight * v
          }
        }
      }
    }
    return ReferenceValue(shape, values)
  }

  private static func softmax(_ scores: [Double]) -> [Double] {
    // Subtracting the largest changes nothing but keeps exp from overflowing.
    let largest = scores.max() ?? 0
    let powers = scores.map { exp($0 - largest) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }

  static func dot(_ a: ArraySlice<Double>, _ b: ArraySlice<Double>) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
