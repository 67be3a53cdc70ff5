import Glibc
import Graph

/// Attention on integers without keys: what `axial_attention` computes.
///
/// As in `QuantizedAttention`, everything up to the scores is computed in 32-bit floats, each
/// operation rounded; only the rotated columns of the weight are computed in 64-bit floats.
struct QuantizedAxialAttention {
  private typealias Row = QuantizedAttention.Row

  /// Frames whose keys are side by side in a tile.
  private static let blockFrames = 8

  private let parameters: AxialAttention
  /// G by part of the channels, place on that part's axis, and column of the weight; the bias is
  /// the last column.
  private let projections: [[[Row]]]
  /// Columns that belong to the weight.
  private let channels: Int

  /// q [B, Nq, D], tokens [B, M, C], v [B, M, E], weight [D, C], scale [D], maybe bias [D] ->
  /// [B, Nq, E].
  static func apply(
    _ operands: [ReferenceValue], _ parameters: AxialAttention, rotated: Int, _ shape: [Int]
  ) -> ReferenceValue {
    let (query, tokens, value) = (operands[0], operands[1], operands[2])
    let (queries, keys) = (query.shape[1], tokens.shape[1])
    let attention = QuantizedAxialAttention(operands, parameters)
    let cells = parameters.height * parameters.width
    let tiles = tiles(of: keys, rotated: rotated, cells: cells)
    guard keys > 0 else {
      return ReferenceValue(shape, Array(repeating: 0, count: shape.reduce(1, *)))
    }
    var values: [Double] = []
    for image in 0..<query.shape[0] {
      let rows = (0..<keys).map { Row(tokens.floats(ofRow: image * keys + $0)) }
      let tileValues = tiles.map { tile in
        (0..<value.columns).map { channel in
          Row(tile.map { Float(value.values[(image * keys + $0) * value.columns + channel]) })
        }
      }
      for index in 0..<queries {
        let projected = attention.project(query.floats(ofRow: image * queries + index))
        let scores = tiles.map { tile in
          tile.map { key in
            attention.score(projected, rows[key], cell: key < rotated ? key % cells : 0)
          }
        }
        values += QuantizedAttention.mean(of: tileValues, scores: scores, step: projected.step)
      }
    }
    return ReferenceValue(shape, values)
  }

  // MARK: Weight

  private init(_ operands: [ReferenceValue], _ parameters: AxialAttention) {
    let (weight, scale) = (operands[3], operands[4].values)
    let channels = weight.shape[1]
    var columns = (0..<channels).map { column in
      scale.indices.map { weight.values[$0 * channels + column] * scale[$0] }
    }
    if parameters.hasBias { columns.append(operands[5].values) }
    let half = scale.count / 2
    projections = [(0, parameters.width), (half, parameters.height)].map { first, places in
      (0..<places).map { place in
        columns.map { column in
          Row(Self.rotate(column[first..<(first + half)], place, Double(parameters.theta)))
        }
      }
    }
    self.parameters = parameters
    self.channels = channels
  }

  /// Pair i of P rotated by place * theta^(-i / P).
  private static func rotate(_ x: ArraySlice<Double>, _ place: Int, _ theta: Double) -> [Float] {
    let pairs = x.count / 2
    return (0..<pairs).flatMap { pair in
      let (even, odd) = (x[x.startIndex + 2 * pair], x[x.startIndex + 2 * pair + 1])
      let angle = Double(place) * pow(theta, -Double(pair) / Double(pairs))
      return [
        Float(even * cos(angle) - odd * sin(angle)), Float(even * sin(angle) + odd * cos(angle)),
      ]
    }
  }

  // MARK: Scores

  /// A query as vectors that tokens are multiplied with.
  private struct Query {
    /// The value of one unit of score, in units of log2.
    let step: Float
    /// By part and place.
    let vectors: [[ArraySlice<Int>]]
    /// Scores of the bias, by part and place; empty without one.
    let offsets: [[Float]]
    let inverse: Float
  }

  private func project(_ query: [Float]) -> Query {
    let row = Row(query.map { $0 * (parameters.scale * 1.44269504) })
    let half = query.count / 2
    let sums = projections.enumerated().map { part, places in
      let integers = row.integers[(part * half)..<((part + 1) * half)]
      return places.map { columns in
        columns.map { Float(dot(integers, $0.integers)) * $0.scale }
      }
    }
    // One step for all: vectors of both parts are added in a score.
    let all = Row(sums.joined().flatMap { $0.prefix(channels) })
    var first = 0
    let vectors = sums.map { places in
      places.map { _ in
        defer { first += channels }
        return all.integers[first..<(first + channels)]
      }
    }
    return Query(
      step: row.scale * all.scale, vectors: vectors,
      offsets: parameters.hasBias ? sums.map { $0.map { $0[channels] } } : [],
      inverse: 1 / all.scale)
  }

  private func score(_ query: Query, _ key: Row, cell: Int) -> Float {
    let (x, y) = (cell % parameters.width, cell / parameters.width)
    let sum = dot(query.vectors[0][x], key.integers) + dot(query.vectors[1][y], key.integers)
    let product = Float(sum) * key.scale
    guard parameters.hasBias else { return product }
    return product + (query.offsets[0][x] + query.offsets[1][y]) * query.inverse
  }

  private func dot(_ a: some Sequence<Int>, _ b: some Sequence<Int>) -> Int {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }

  // MARK: Order

  /// Keys of each tile, in order.
  ///
  /// Frames of one cell follow each other, because they share their vectors; a tile has whole cells.
  static func tiles(of keys: Int, rotated: Int, cells: Int) -> [[Int]] {
    let length = QuantizedAttention.tileLength
    var tiles: [[Int]] = []
    let frames = rotated / cells
    for first in stride(from: 0, to: frames, by: blockFrames) {
      let block = first..<min(frames, first + blockFrames)
      var columns = 1
      while columns < block.count { columns *= 2 }
      for cell in stride(from: 0, to: cells, by: length / columns) {
        let tile = cell..<min(cells, cell + length / columns)
        tiles.append(tile.flatMap { cell in block.map { $0 * cells + cell } })
      }
    }
    for first in stride(from: rotated, to: keys, by: length) {
      tiles.append(Array(first..<min(keys, first + length)))
    }
    return tiles
  }
}

extension ReferenceValue {
  fileprivate func floats(ofRow index: Int) -> [Float] { row(index).map(Float.init) }
}
