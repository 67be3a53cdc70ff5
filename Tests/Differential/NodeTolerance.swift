internal import Graph
internal import Reference

/// How far kernels may be from the reference on the same operands: what 32-bit sums of so many terms
/// of such a size may lose, many times over, and nothing where elements only move.
struct NodeTolerance {
  /// Of a sum, relative to the size of its terms altogether.
  static let sum = 1e-6
  /// Of one function of one number.
  static let function = 4e-6
  /// Of int8 attention and what it rounds on the way, where all integers are exact.
  static let rounded = 2e-5
  /// Of an axial attention: a number that lies between two integers may become the other one.
  static let turned = 2e-3
  /// Above, nothing is compared: numbers may leave the range of 32 bits on the way.
  static let largest = 1e15

  /// The most that an element may differ; nil when the result is unspecified.
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
      return sum * (products(op, operands, sizes) + own + sizes.dropFirst(2).reduce(0, +))
    case .attention(let heads, let scale), .quantizedAttention(let heads, let scale):
      let depth = Double(operands[0].shape.last ?? 1) / Double(heads)
      let scores = abs(Double(scale)) * depth * sizes[0] * sizes[1]
      if case .attention = op { return sizes[2] * (function + sum * scores) }
      return sizes[2] * (rounded + sum * scores)
    case .axialAttention: return sizes[2] * turned
    case .layerNorm(let epsilon):
      let deviation = operands[0].leastDeviation(epsilon: Double(epsilon))
      return function * (own + sizes[1] * (1 + sizes[0] / deviation) + sizes[2])
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

  /// The largest that all terms of a sum can be together.
  private static func products(
    _ op: Op, _ operands: [ReferenceValue], _ sizes: [Double]
  ) -> Double {
    var terms = Double(operands[0].shape.last ?? 1)
    if case .conv2d = op { terms = Double(operands[1].shape.dropFirst().reduce(1, *)) }
    if case .quantizedLinear = op { return 2 * terms * sizes[0] * sizes[1] * sizes[2] }
    return terms * sizes[0] * sizes[1]
  }
}

extension ReferenceValue {
  /// Infinite when a number is missing among them.
  var largestMagnitude: Double {
    values.reduce(0) { $1.isFinite ? Swift.max($0, abs($1)) : .infinity }
  }

  /// Of all rows the least, as a norm divides by it.
  fileprivate func leastDeviation(epsilon: Double) -> Double {
    let columns = shape.last ?? 1
    guard columns > 0 else { return 1 }
    var least = Double.infinity
    for start in stride(from: 0, to: values.count, by: columns) {
      let row = values[start..<(start + columns)]
      let mean = row.reduce(0, +) / Double(columns)
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(columns)
      least = Swift.min(least, (variance + epsilon).squareRoot())
    }
    return Swift.max(least, 1e-12)
  }
}
