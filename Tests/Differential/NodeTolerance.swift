internal import Graph
internal import Reference

/// The allowed distance of kernels from the reference on the same operands: the rounding of 32-bit
/// sums with this number and size of terms, and nothing where elements only move.
struct NodeTolerance {
  /// Of a sum, relative to the size of its terms altogether: what each addition may lose (Higham
  /// 2002, section 3.1).
  ///
  /// Terms that are equal do lose nearly as much, all in one direction.
  static func sum(of terms: Double) -> Double { max(1e-6, terms * 0x1p-24) }
  /// Of one function of one number.
  static let function = 4e-6
  /// Of int8 attention and what it rounds on the way, where all integers are exact.
  static let rounded = 2e-5
  /// Of an axial attention: a number between two integers may become the other one.
  static let axial = 2e-3
  /// Above, nothing is compared: numbers may leave the range of 32 bits on the way.
  static let largest = 1e15

  /// The maximum difference of an element; nil when the result is unspecified.
  static func absolute(
    _ op: Op, _ operands: [ReferenceValue], _ result: ReferenceValue
  ) -> Double? {
    let sizes = operands.map(\.largestMagnitude)
    let own = result.largestMagnitude
    guard sizes.allSatisfy({ $0 < largest }), own < largest else { return nil }
    switch op {
    case .reshape, .transpose, .concat, .slice, .broadcast, .gather, .maxPool, .windowPartition,
      .windowMerge, .fill:
      return 0
    case .linear, .quantizedLinear, .conv2d, .convTranspose2d, .matmulTransposed:
      let terms = terms(op, operands)
      return sum(of: terms)
        * (terms * sizes[0] * weightSize(op, sizes) + own + sizes.dropFirst(2).reduce(0, +))
    case .attention(let heads, let scale), .quantizedAttention(let heads, let scale):
      let depth = Double(operands[0].shape.last ?? 1) / Double(heads)
      let scores = abs(Double(scale)) * depth * sizes[0] * sizes[1]
      let inScores = sum(of: depth) * scores
      guard case .attention = op else { return sizes[2] * (rounded + inScores) }
      let keys = Double(operands[1].shape.dropFirst().first ?? 1)
      return sizes[2] * (function + sum(of: keys) + inScores)
    case .axialAttention: return sizes[2] * axial
    case .layerNorm(let epsilon):
      let deviation = operands[0].minimumDeviation(epsilon: Double(epsilon))
      return function * (own + sizes[1] * (1 + sizes[0] / deviation) + sizes[2])
    case .batchNorm(let epsilon):
      let variance = operands[4].values.min() ?? 1
      let deviation = max(variance + Double(epsilon), 1e-24).squareRoot()
      return function * (own + sizes[1] * (1 + (sizes[0] + sizes[3]) / deviation) + sizes[2])
    case .averagePool(let window):
      return sum(of: Double(window * window)) * sizes[0] * Double(1 + window)
    case .activation, .add, .affine: return function * (own + sizes.reduce(0, +) + 1)
    case .multiply, .dequantize: return function * own
    case .rotatePairs: return function * sizes[0] * (1 + sizes[1] + sizes[2])
    case .resize: return function * sizes[0] * 4
    case .fourierFeatures: return function * (1 + 30 * (1 + sizes[0]) * sizes[1])
    case .sineFeatures: return function * (1 + sizes[0])
    case .pixelGrid, .sineGrid: return function * 10
    case .rotaryTable(let p): return function * Double(1 + max(p.height, p.width))
    }
  }

  /// Terms of each sum of a product.
  private static func terms(_ op: Op, _ operands: [ReferenceValue]) -> Double {
    if case .conv2d = op { return Double(operands[1].shape.dropFirst().reduce(1, *)) }
    return Double(operands[0].shape.last ?? 1)
  }

  /// The largest that a weight can be.
  private static func weightSize(_ op: Op, _ sizes: [Double]) -> Double {
    if case .quantizedLinear = op { return 2 * sizes[1] * sizes[2] }
    return sizes[1]
  }
}

extension ReferenceValue {
  /// Infinite when a number is missing among them.
  var largestMagnitude: Double {
    values.reduce(0) { $1.isFinite ? Swift.max($0, abs($1)) : .infinity }
  }

  /// The minimum over all rows, as a norm divides by it.
  fileprivate func minimumDeviation(epsilon: Double) -> Double {
    let columns = shape.last ?? 1
    guard columns > 0 else { return 1 }
    var minimum = Double.infinity
    for start in stride(from: 0, to: values.count, by: columns) {
      let row = values[start..<(start + columns)]
      let mean = row.reduce(0, +) / Double(columns)
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(columns)
      minimum = Swift.min(minimum, (variance + epsilon).squareRoot())
    }
    return Swift.max(minimum, 1e-12)
  }
}
