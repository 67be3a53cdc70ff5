import CKernels
import TestSupport
import Testing

/// Float sums of a few hundred products of numbers in [-1, 1]: a few ulp of the largest.
private let sumTolerance = 2e-5

@Suite struct FloatProductTests {
  /// A product with every stride larger than it must be, checked against double precision.
  private struct Case {
    var rows: Int, columns: Int, depth: Int
    var activation = SAM2_ACT_NONE
    var hasBias = true
    var residual = Residual.separate

    enum Residual { case none, separate, aliased }

    /// Largest absolute error of `level` on this case, or infinity if it wrote out of bounds.
    func error(on level: Level, _ random: inout SeededRandom) -> Double {
      let (lda, ldc, ldr) = (depth + 3, columns + 5, columns + 2)
      let a = random.floats(rows * lda)
      let w = random.floats(columns * depth)
      let bias = random.floats(columns)
      let other = random.floats(rows * ldr)
      var c = [Float](repeating: untouched, count: rows * ldc)
      if residual == .aliased {
        for r in 0..<rows { for n in 0..<columns { c[r * ldc + n] = other[r * ldr + n] } }
      }
      let packed = level.pack(
        w, columns: columns, depth: depth, columnStride: depth, depthStride: 1)
      run(level, a, packed, &c, bias, other, lda, ldc, ldr)

      var worst = 0.0
      for r in 0..<rows {
        for n in 0..<ldc {
          let actual = c[r * ldc + n]
          guard n < columns else {
            if actual != untouched { return .infinity }
            continue
          }
          var sum = hasBias ? Double(bias[n]) : 0
          for k in 0..<depth { sum += Double(a[r * lda + k]) * Double(w[n * depth + k]) }
          sum = reference(activation, sum)
          if residual != .none { sum += Double(other[r * ldr + n]) }
          worst = actual.isNaN ? .infinity : max(worst, abs(Double(actual) - sum))
        }
      }
      return worst
    }

    private func run(
      _ level: Level, _ a: [Float], _ packed: [Float], _ c: inout [Float], _ bias: [Float],
      _ other: [Float], _ lda: Int, _ ldc: Int, _ ldr: Int
    ) {
      a.withUnsafeBufferPointer { a in
        packed.withUnsafeBufferPointer { packed in
          bias.withUnsafeBufferPointer { bias in
            other.withUnsafeBufferPointer { other in
              c.withUnsafeMutableBufferPointer { c in
                let added: UnsafePointer<Float>? =
                  switch residual {
                  case .none: nil
                  case .separate: other.baseAddress
                  case .aliased: UnsafePointer(c.baseAddress)
                  }
                var task = sam2_gemm_f32(
                  a: a.baseAddress, lda: lda, packed: packed.baseAddress, c: c.baseAddress,
                  ldc: ldc, bias: hasBias ? bias.baseAddress : nil, residual: added,
                  ldr: residual == .aliased ? ldc : ldr, rows: rows, columns: columns,
                  depth: depth, activation: activation)
                level.kernels.gemm_f32(&task)
              }
            }
          }
        }
      }
    }
  }

  @Test(arguments: Level.all) func everyTileEdge(level: Level) {
    var random = SeededRandom(seed: 1)
    for rows in Level.edgeRows {
      for columns in Level.edgeColumns {
        let error = Case(rows: rows, columns: columns, depth: 19).error(on: level, &random)
        #expect(error < sumTolerance, "\(rows) x \(columns): \(error)")
      }
    }
  }

  @Test(arguments: Level.all, [1, 2, 3, 4, 5, 63, 64, 257]) func everyDepth(
    level: Level, depth: Int
  ) {
    var random = SeededRandom(seed: 2)
    for rows in [1, 2, 14, 17] {
      let error = Case(rows: rows, columns: 37, depth: depth).error(on: level, &random)
      #expect(error < sumTolerance, "\(rows) rows: \(error)")
    }
  }

  @Test(arguments: Level.all, everyActivation) func epilogues(
    level: Level, activation: sam2_activation
  ) {
    var random = SeededRandom(seed: 3)
    for residual in [Case.Residual.none, .separate, .aliased] {
      for hasBias in [false, true] {
        let error = Case(
          rows: 15, columns: 50, depth: 40, activation: activation, hasBias: hasBias,
          residual: residual
        ).error(on: level, &random)
        #expect(error < sumTolerance, "\(residual), bias \(hasBias): \(error)")
      }
    }
  }

  /// Large enough that B exceeds the cache share and rows pass in blocks.
  @Test(arguments: Level.all) func rowBlocks(level: Level) {
    var random = SeededRandom(seed: 4)
    let error = Case(rows: 61, columns: 96, depth: 1200).error(on: level, &random)
    #expect(error < 10 * sumTolerance, "\(error)")
  }

  @Test(arguments: Level.all) func columnRangesComposeTheWhole(level: Level) {
    var random = SeededRandom(seed: 5)
    let (rows, columns, depth) = (9, 75, 33)
    let a = random.floats(rows * depth)
    let packed = level.pack(
      random.floats(columns * depth), columns: columns, depth: depth, columnStride: depth,
      depthStride: 1)
    let bias = random.floats(columns)
    func product(from starts: [Int]) -> [Float] {
      var c = [Float](repeating: 0, count: rows * columns)
      for (start, end) in zip(starts, starts.dropFirst() + [columns]) {
        a.withUnsafeBufferPointer { a in
          packed.withUnsafeBufferPointer { packed in
            bias.withUnsafeBufferPointer { bias in
              c.withUnsafeMutableBufferPointer { c in
                var task = sam2_gemm_f32(
                  a: a.baseAddress, lda: depth,
                  packed: packed.baseAddress.map { $0 + start * depth },
                  c: c.baseAddress.map { $0 + start }, ldc: columns,
                  bias: bias.baseAddress.map { $0 + start }, residual: nil, ldr: 0, rows: rows,
                  columns: end - start, depth: depth, activation: SAM2_ACT_NONE)
                level.kernels.gemm_f32(&task)
              }
            }
          }
        }
      }
      return c
    }
    #expect(product(from: [0]) == product(from: [0, level.kernels.panel_columns_f32]))
  }

  /// Packing only copies, so it is exact, by any strides and in any split of the panels.
  @Test(arguments: Level.all) func packingIsExact(level: Level) {
    var random = SeededRandom(seed: 6)
    let panel = level.kernels.panel_columns_f32
    for (columns, depth) in [(1, 1), (panel, 16), (panel + 1, 17), (3 * panel - 1, 40)] {
      for (columnStride, depthStride) in [(depth + 1, 1), (1, columns + 2), (3, 3 * columns)] {
        let source = random.floats((columns - 1) * columnStride + depth * depthStride)
        let packed = level.pack(
          source, columns: columns, depth: depth, columnStride: columnStride,
          depthStride: depthStride)
        var expected = [Float](repeating: 0, count: packed.count)
        for n in 0..<columns {
          for k in 0..<depth {
            expected[n / panel * panel * depth + k * panel + n % panel] =
              source[n * columnStride + k * depthStride]
          }
        }
        #expect(packed == expected, "\(columns) x \(depth), strides \(columnStride) \(depthStride)")
      }
    }
  }
}
