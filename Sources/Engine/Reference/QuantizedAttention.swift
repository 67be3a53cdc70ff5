import Glibc
import Graph

/// Attention on integers: what `quantized_attention` computes.
///
/// Everything up to the integers is computed in 32-bit floats, each operation rounded, so that the
/// integers equal those of the kernels; the sums after them in 64-bit floats.
struct QuantizedAttention {
  /// Keys whose weights are rounded relative to the largest among them, and values that share a
  /// scale.
  static let tileLength = 128
  /// Units of an exponent of two.
  private static let exponentUnits: Float = 64

  /// A vector as integers in -127...127.
  struct Row {
    let scale: Float
    let integers: [Int]

    init(_ values: [Float]) {
      let largest = values.reduce(0) { abs($1) > $0 ? abs($1) : $0 }
      let scale = largest / 127
      // Scales that have a finite reciprocal.
      self.scale = (.leastNormalMagnitude...3e38).contains(scale) ? scale : 1
      let inverse = 1 / self.scale
      integers = values.map {
        let value = $0 * inverse
        return value.isNaN
          ? -127 : Int(min(max(value, -127), 127).rounded(.toNearestOrEven))
      }
    }
  }

  /// Keys and values of one tile.
  fileprivate struct Tile {
    let keys: [Row]
    /// One for each channel, over the keys.
    let values: [Row]
  }

  /// q [B, Nq, heads * D], k [B, Nk, heads * D], v [B, Nk, heads * Dv] -> [B, Nq, heads * Dv].
  static func apply(
    _ operands: [ReferenceValue], heads: Int, scale: Float, _ shape: [Int]
  ) -> ReferenceValue {
    let (query, key, value) = (operands[0], operands[1], operands[2])
    let (queries, keys) = (query.shape[1], key.shape[1])
    let valueDepth = value.columns / heads
    var values = [Double](repeating: 0, count: shape.reduce(1, *))
    for image in 0..<query.shape[0] where keys > 0 {
      for head in 0..<heads {
        let tiles = stride(from: 0, to: keys, by: tileLength).map { first in
          let rows = (image * keys + first)..<(image * keys + min(keys, first + tileLength))
          return Tile(
            rows.map { part(key, $0, head, heads) }, rows.map { part(value, $0, head, heads) })
        }
        for row in (image * queries)..<((image + 1) * queries) {
          let scaled = part(query, row, head, heads).map { $0 * (scale * 1.44269504) }
          let result = attend(scaled, tiles)
          let start = (row * heads + head) * valueDepth
          values.replaceSubrange(start..<(start + valueDepth), with: result)
        }
      }
    }
    return ReferenceValue(shape, values)
  }

  /// One head of one row.
  private static func part(
    _ value: ReferenceValue, _ row: Int, _ head: Int, _ heads: Int
  ) -> [Float] {
    let depth = value.columns / heads
    return value.row(row).dropFirst(head * depth).prefix(depth).map(Float.init)
  }

  /// The mean of the values for one query, which carries the scale in units of log2.
  private static func attend(_ query: [Float], _ tiles: [Tile]) -> [Double] {
    let row = Row(query)
    let scores = tiles.map { tile in
      tile.keys.map { key in
        Float(zip(row.integers, key.integers).reduce(0) { $0 + $1.0 * $1.1 }) * key.scale
      }
    }
    return mean(of: tiles.map(\.values), scores: scores, step: row.scale)
  }

  /// The mean of values, by tile and channel, weighted by powers of two of the keys' scores, which
  /// are whole octaves times `step`.
  static func mean(of values: [[Row]], scores: [[Float]], step: Float) -> [Double] {
    let unit = step * exponentUnits
    let tops = scores.map { $0.max() ?? 0 }
    let top = tops.max() ?? 0
    var sums = [Double](repeating: 0, count: values.first?.count ?? 0)
    var total = 0.0
    for (channels, (scores, largest)) in zip(values, zip(scores, tops)) {
      let weights = rounded(scores.map { power(at: (largest - $0) * unit) })
      let factor = exp2(Double(largest - top) * Double(unit) / Double(exponentUnits))
      total += factor * Double(weights.reduce(0, +))
      for (channel, values) in channels.enumerated() {
        let sum = zip(weights, values.integers).reduce(0) { $0 + $1.0 * $1.1 }
        sums[channel] += factor * Double(values.scale) * Double(sum)
      }
    }
    return sums.map { $0 / total }
  }

  /// Powers as weights 0...255.
  ///
  /// The rounding remainder is carried to the key after the next, so that small weights are not all
  /// lost.
  static func rounded(_ powers: [Int]) -> [Int] {
    var carry = [128, 128]
    return powers.enumerated().map { key, power in
      let sum = power + carry[key % 2]
      carry[key % 2] = sum & 255
      return sum >> 8
    }
  }

  /// About 256 * 255 * 2^(-distance / 64) for distances from 0 on, in integers.
  static func power(at distance: Float) -> Int {
    let units = distance.isNaN ? 1024 : Int(min(distance, 1024).rounded(.toNearestOrEven))
    let shifted = 16372 - 32 * units
    let fraction = (shifted & 2047) << 4
    func times(_ factor: Int) -> Int { (fraction * factor + 0x4000) >> 15 }
    let mantissa = 0x8000 + times(22778 + times(7458 + times(2526)))
    return mantissa >> (7 - (shifted >> 11))
  }
}

extension QuantizedAttention.Tile {
  fileprivate init(_ keys: [[Float]], _ values: [[Float]]) {
    self.keys = keys.map { QuantizedAttention.Row($0) }
    let depth = values.first?.count ?? 0
    self.values = (0..<depth).map { channel in
      QuantizedAttention.Row(values.map { $0[channel] })
    }
  }
}
