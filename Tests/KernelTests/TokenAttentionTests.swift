import CKernels
import Glibc
import TestSupport
import Testing

/// Weights and sums of magnitude 1, after an exponential of at most 2 ulp.
private let weightTolerance = 1e-6

/// The pieces of attention between tokens and cells, against double precision.
@Suite struct TokenAttentionTests {
  @Test(arguments: Level.all, [1, 2, 4, 8, 16, 32]) func softmaxPerGroup(level: Level, heads: Int) {
    var random = SeededRandom(seed: 3)
    let lanes = level.kernels.panel_columns_f32 / 2
    let columns = 3 * max(heads, lanes)
    let (rows, ld) = (5, columns + 3)
    let scores = random.floats(rows * ld, in: -20...20)
    var weights = scores
    level.kernels.softmax_groups_f32(&weights, ld, rows, columns, heads)
    for r in 0..<rows {
      for head in 0..<heads {
        let members = stride(from: head, to: columns, by: heads).map { r * ld + $0 }
        let top = Double(members.map { scores[$0] }.max() ?? 0)
        let expected = members.map { exp(Double(scores[$0]) - top) }
        let total = expected.reduce(0, +)
        for (index, value) in zip(members, expected) {
          #expect(abs(Double(weights[index]) - value / total) < weightTolerance)
        }
      }
      #expect(weights[r * ld + columns] == scores[r * ld + columns])
    }
  }

  /// Columns that fill up the last vector score minus infinity and get no weight.
  @Test(arguments: Level.all) func paddingHasZeroWeight(level: Level) {
    let lanes = level.kernels.panel_columns_f32 / 2
    var scores = [Float](repeating: 1, count: 2 * lanes)
    for column in lanes..<(2 * lanes) { scores[column] = -.infinity }
    level.kernels.softmax_groups_f32(&scores, 2 * lanes, 1, 2 * lanes, lanes)
    #expect(scores[..<lanes].allSatisfy { $0 == 1 } && scores[lanes...].allSatisfy { $0 == 0 })
  }

  /// Tile after tile, weights and totals are those of all rows at once.
  @Test(arguments: Level.all) func softmaxOfColumnsInTiles(level: Level) {
    var random = SeededRandom(seed: 4)
    let columns = 2 * level.kernels.panel_columns_f32
    let rows = 23
    let scores = random.floats(rows * columns, in: -9...9)
    var maximum = [Float](repeating: -.infinity, count: columns)
    var total = [Float](repeating: 0, count: columns)
    var sums = [Double](repeating: 0, count: columns)
    for tile in [0..<9, 9..<10, 10..<23] {
      var weights = Array(scores[(tile.lowerBound * columns)..<(tile.upperBound * columns)])
      var factor = [Float](repeating: .nan, count: columns)
      level.kernels.softmax_columns_f32(
        &weights, columns, tile.count, columns, &maximum, &total, &factor)
      for column in 0..<columns {
        let weight = (0..<tile.count).reduce(0) { $0 + Double(weights[$1 * columns + column]) }
        sums[column] = sums[column] * Double(factor[column]) + weight
      }
    }
    for column in 0..<columns {
      let members = stride(from: column, to: scores.count, by: columns).map { scores[$0] }
      let top = members.max() ?? 0
      #expect(maximum[column] == top)
      let expected = members.reduce(0) { $0 + exp(Double($1) - Double(top)) }
      #expect(abs(Double(total[column]) / expected - 1) < weightTolerance)
      #expect(abs(sums[column] / expected - 1) < weightTolerance)
    }
  }

  @Test(arguments: Level.all) func outerProducts(level: Level) {
    var random = SeededRandom(seed: 5)
    let lanes = level.kernels.panel_columns_f32 / 2
    for (rows, columns, depth) in [(lanes, lanes, 1), (3 * lanes, 5 * lanes, 17)] {
      let (lda, ldb, ldc) = (rows + 1, columns + 2, columns + 3)
      let (a, b) = (random.floats(depth * lda), random.floats(depth * ldb))
      let (before, factor) = (random.floats(rows * ldc), random.floats(rows))
      var c = before
      level.kernels.add_outer_f32(a, lda, b, ldb, &c, ldc, rows, columns, depth, factor)
      for r in 0..<rows {
        for n in 0..<columns {
          let expected = (0..<depth).reduce(Double(factor[r]) * Double(before[r * ldc + n])) {
            $0 + Double(a[$1 * lda + r]) * Double(b[$1 * ldb + n])
          }
          #expect(abs(Double(c[r * ldc + n]) - expected) < 4e-6)
        }
        #expect(c[r * ldc + columns] == before[r * ldc + columns])
      }
    }
  }
}
