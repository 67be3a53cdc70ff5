import CKernels
import TestSupport
import Testing

/// Relative to the largest result; the epilogue without activation is bit-identical, so this only
/// covers the rounding of three float operations.
private let scaledTolerance = 1e-6

/// A quantised product and its exact sums.
private struct IntegerCase {
  let rows: Int, columns: Int, depth: Int
  let lda: Int
  var a: [UInt8]
  var weights: [Int8]

  init(rows: Int, columns: Int, depth: Int, _ random: inout SeededRandom) {
    (self.rows, self.columns, self.depth) = (rows, columns, depth)
    lda = (depth + 63) / 64 * 64
    // The padding holds garbage: only the packed zeros keep it out of the sums.
    a = (0..<rows * lda).map { _ in UInt8.random(in: 0...255, using: &random) }
    weights = (0..<columns * depth).map { _ in Int8.random(in: -127...127, using: &random) }
  }

  /// Every product at its largest magnitude, signs alternating by column.
  mutating func makeExtreme() {
    a = [UInt8](repeating: 255, count: a.count)
    for n in 0..<columns {
      for k in 0..<depth { weights[n * depth + k] = n.isMultiple(of: 2) ? 127 : -127 }
    }
  }

  var expected: [Int32] {
    var sums = [Int32](repeating: 0, count: rows * columns)
    for r in 0..<rows {
      for n in 0..<columns {
        var sum: Int32 = 0
        for k in 0..<depth { sum += Int32(a[r * lda + k]) * Int32(weights[n * depth + k]) }
        sums[r * columns + n] = sum
      }
    }
    return sums
  }

  func sums(on level: Level) -> [Int32] {
    let packed = level.pack(weights, columns: columns, depth: depth)
    var c = [Int32](repeating: .min, count: rows * columns)
    level.kernels.gemm_u8s8_i32(a, lda, packed, &c, columns, rows, columns, depth)
    return c
  }

  var columnSums: [Int32] {
    (0..<columns).map { n in weights[n * depth..<(n + 1) * depth].reduce(0) { $0 + Int32($1) } }
  }
}

@Suite struct IntegerProductTests {
  @Test func sumsAreExactAtEveryTileEdge() {
    var random = SeededRandom(seed: 11)
    for rows in Level.edgeRows {
      for columns in Level.edgeColumns {
        let one = IntegerCase(rows: rows, columns: columns, depth: 21, &random)
        let expected = one.expected
        for level in Level.all {
          #expect(one.sums(on: level) == expected, "\(level.name) \(rows) x \(columns)")
        }
      }
    }
  }

  /// Around the folding of depth (2 and 4) and around the 512 elements widened at a time.
  @Test(arguments: [1, 2, 3, 4, 5, 63, 64, 65, 511, 512, 513, 1025])
  func sumsAreExactAtEveryDepth(depth: Int) {
    var random = SeededRandom(seed: 12)
    let one = IntegerCase(rows: 5, columns: 35, depth: depth, &random)
    let expected = one.expected
    for level in Level.all { #expect(one.sums(on: level) == expected, "\(level.name)") }
  }

  @Test(arguments: [2, 4608, 65536]) func extremesDoNotSaturate(depth: Int) {
    var random = SeededRandom(seed: 13)
    var one = IntegerCase(rows: 1, columns: 3, depth: depth, &random)
    one.makeExtreme()
    let expected = [Int32(depth) * 255 * 127, -Int32(depth) * 255 * 127, Int32(depth) * 255 * 127]
    for level in Level.all { #expect(one.sums(on: level) == expected, "\(level.name)") }
  }

  @Test(arguments: everyActivation) func epilogues(activation: sam2_activation) {
    var random = SeededRandom(seed: 14)
    for (rows, columns, depth) in [(1, 5, 8), (15, 50, 40), (29, 96, 130)] {
      let one = IntegerCase(rows: rows, columns: columns, depth: depth, &random)
      for aliased in [false, true] {
        let run = ScaledRun(one, activation: activation, aliased: aliased, &random)
        let expected = run.expected
        let scale = expected.map(abs).max() ?? 1
        var portable: [Float]?
        for level in Level.all {
          let actual = run.result(on: level)
          let error = zip(actual, expected).map { abs(Double($0) - $1) }.max() ?? .infinity
          #expect(error <= scale * scaledTolerance, "\(level.name): \(error)")
          if activation == SAM2_ACT_NONE {
            #expect(actual == portable ?? actual, "\(level.name)")
            portable = portable ?? actual
          }
        }
      }
    }
  }
}

/// The whole of gemm_u8s8: scales, zero points, bias, activation, residual.
private struct ScaledRun {
  let one: IntegerCase
  let activation: sam2_activation
  let aliased: Bool
  let rowScale: [Float], columnScale: [Float], bias: [Float], residual: [Float]
  let rowZero: [Int32]

  init(
    _ one: IntegerCase, activation: sam2_activation, aliased: Bool, _ random: inout SeededRandom
  ) {
    (self.one, self.activation, self.aliased) = (one, activation, aliased)
    rowScale = random.floats(one.rows, in: 0.001...0.01)
    columnScale = random.floats(one.columns, in: 0.001...0.01)
    bias = random.floats(one.columns)
    residual = random.floats(one.rows * one.columns)
    rowZero = (0..<one.rows).map { _ in Int32.random(in: 0...255, using: &random) }
  }

  var expected: [Double] {
    let columnSums = one.columnSums
    return one.expected.enumerated().map { index, sum in
      let (r, n) = (index / one.columns, index % one.columns)
      let corrected = Double(Int64(sum) - Int64(rowZero[r]) * Int64(columnSums[n]))
      let scaled = corrected * Double(rowScale[r]) * Double(columnScale[n]) + Double(bias[n])
      return reference(activation, scaled) + Double(residual[index])
    }
  }

  func result(on level: Level) -> [Float] {
    let packed = level.pack(one.weights, columns: one.columns, depth: one.depth)
    var c = aliased ? residual : [Float](repeating: untouched, count: residual.count)
    var task = sam2_gemm_u8s8()
    (task.lda, task.ldc, task.ldr) = (one.lda, one.columns, one.columns)
    (task.rows, task.columns, task.depth) = (one.rows, one.columns, one.depth)
    task.activation = activation
    one.a.withUnsafeBufferPointer { a in
      packed.withUnsafeBufferPointer { packed in
        rowZero.withUnsafeBufferPointer { rowZero in
          one.columnSums.withUnsafeBufferPointer { columnSums in
            task.a = a.baseAddress
            task.packed = packed.baseAddress
            task.row_zero = rowZero.baseAddress
            task.column_sum = columnSums.baseAddress
            run(&task, level, &c)
          }
        }
      }
    }
    return c
  }

  private func run(_ task: inout sam2_gemm_u8s8, _ level: Level, _ c: inout [Float]) {
    rowScale.withUnsafeBufferPointer { rowScale in
      columnScale.withUnsafeBufferPointer { columnScale in
        bias.withUnsafeBufferPointer { bias in
          residual.withUnsafeBufferPointer { residual in
            c.withUnsafeMutableBufferPointer { c in
              task.row_scale = rowScale.baseAddress
              task.column_scale = columnScale.baseAddress
              task.bias = bias.baseAddress
              task.residual = aliased ? UnsafePointer(c.baseAddress) : residual.baseAddress
              task.c = c.baseAddress
              level.kernels.gemm_u8s8(&task)
            }
          }
        }
      }
    }
  }
}
