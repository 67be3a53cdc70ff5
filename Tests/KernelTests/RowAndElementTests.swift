import CKernels
import Glibc
import TestSupport
import Testing

/// x in [-1, 1] after normalisation has magnitude a few units; a few ulp of that.
private let normTolerance = 2e-6
private let geluTolerance = 1e-6
private let sigmoidTolerance = 3e-7
/// The sigmoid's relative error, of results of magnitude up to 30.
private let quickGeluTolerance = 4e-6
private let eluTolerance = 3e-7
/// One or two roundings of numbers of magnitude at most 2.
private let roundingTolerance = 3e-7

private let edgeCounts = [1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100]

@Suite struct RowAndElementTests {
  @Test(arguments: Level.all, edgeCounts + [96, 144, 256, 1152]) func layerNorm(
    level: Level, columns: Int
  ) {
    var random = SeededRandom(seed: 41)
    let (rows, ldx, ldy) = (3, columns + 2, columns + 1)
    // A mean far from zero, where E[x^2] - mean^2 would cancel.
    let x = random.floats(rows * ldx, in: 9...11)
    let weight = random.floats(columns)
    let bias = random.floats(columns)
    var y = [Float](repeating: untouched, count: rows * ldy)
    level.kernels.layer_norm_f32(x, ldx, &y, ldy, rows, columns, weight, bias, 1e-6)
    for r in 0..<rows {
      let row = x[(r * ldx)...].prefix(columns).map(Double.init)
      let mean = row.reduce(0, +) / Double(columns)
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(columns)
      let inverse = 1 / (variance + 1e-6).squareRoot()
      for n in 0..<columns {
        let expected = (row[n] - mean) * inverse * Double(weight[n]) + Double(bias[n])
        // The float mean of numbers near 10 is off by up to an ulp of 10, which is then scaled up.
        let allowed = normTolerance + 2e-6 * inverse
        #expect(abs(Double(y[r * ldy + n]) - expected) < allowed)
      }
      #expect(y[r * ldy + columns] == untouched)
    }
  }

  @Test(arguments: Level.all, edgeCounts) func scaledRows(level: Level, columns: Int) {
    var random = SeededRandom(seed: 44)
    let (rows, ldx, ldy) = (3, columns + 2, columns + 1)
    let x = random.floats(rows * ldx)
    let (scale, shift) = (random.floats(columns), random.floats(columns))
    var y = [Float](repeating: untouched, count: rows * ldy)
    level.kernels.scale_rows_f32(x, ldx, &y, ldy, rows, columns, scale, shift)
    for r in 0..<rows {
      for n in 0..<columns {
        let expected = Double(x[r * ldx + n]) * Double(scale[n]) + Double(shift[n])
        #expect(abs(Double(y[r * ldy + n]) - expected) < roundingTolerance)
      }
      #expect(y[r * ldy + columns] == untouched)
    }
  }

  /// A dense sweep through where the functions bend and far into their tails.
  @Test(arguments: Level.all) func activationAccuracy(level: Level) {
    let x = stride(from: Float(-30), through: 30, by: 0.00173).map { $0 }
    for (activation, tolerance) in [
      (SAM2_ACT_GELU, geluTolerance), (SAM2_ACT_SIGMOID, sigmoidTolerance), (SAM2_ACT_RELU, 0),
      (SAM2_ACT_QUICK_GELU, quickGeluTolerance), (SAM2_ACT_ELU, eluTolerance),
    ] {
      var y = [Float](repeating: 0, count: x.count)
      level.kernels.activate_f32(x, &y, x.count, activation)
      var worst = 0.0
      for (x, y) in zip(x, y) {
        let expected = reference(activation, Double(x))
        worst = max(worst, abs(Double(y) - expected) - Double(abs(y).ulp) / 2)
      }
      #expect(worst <= tolerance, "\(activation): \(worst)")
    }
  }

  /// Sigmoid of a large negative number is e^x: its relative error there is the exponential's.
  @Test(arguments: Level.all) func exponentialAccuracy(level: Level) {
    let x = stride(from: Float(-87), through: -20, by: 0.0037).map { $0 }
    var y = [Float](repeating: 0, count: x.count)
    level.kernels.activate_f32(x, &y, x.count, SAM2_ACT_SIGMOID)
    let worst = zip(x, y).map { abs(Double($1) / exp(Double($0)) - 1) }.max() ?? .infinity
    #expect(worst < 2.5e-7, "\(worst)")
  }

  @Test(arguments: Level.all, everyActivation) func activationsOfSpecialNumbers(
    level: Level, activation: sam2_activation
  ) {
    let x: [Float] = [.infinity, -200, 200, 0, .nan, -1e30, 1e30]
    var y = [Float](repeating: 7, count: x.count)
    level.kernels.activate_f32(x, &y, x.count, activation)
    #expect(y[4].isNaN)
    for (index, value) in x.enumerated() where !value.isNaN && activation != SAM2_ACT_NONE {
      let expected: Float =
        switch activation {
        case SAM2_ACT_SIGMOID: value == 0 ? 0.5 : value > 0 ? 1 : 0
        case SAM2_ACT_ELU: max(-1, value)
        default: max(0, value)
        }
      #expect(y[index] == expected, "\(activation) of \(value)")
    }
  }

  @Test(arguments: Level.all, edgeCounts) func elementwise(level: Level, count: Int) {
    var random = SeededRandom(seed: 42)
    let a = random.floats(count)
    let b = random.floats(count)
    let kernels = level.kernels
    func check(
      _ name: String, is expected: (Double, Double) -> Double, _ run: (inout [Float]) -> Void
    ) {
      var out = [Float](repeating: untouched, count: count + 1)
      run(&out)
      for i in 0..<count {
        let error = abs(Double(out[i]) - expected(Double(a[i]), Double(b[i])))
        #expect(error < roundingTolerance, "\(name) at \(i)")
      }
      #expect(out[count] == untouched, "\(name) wrote past the end")
    }
    func stretch(_ a: Double, _ b: Double) -> Double { a * 1.5 - 0.25 }
    func blend(_ a: Double, _ b: Double) -> Double { a * 0.25 + b * 0.75 }
    check("add", is: +) { kernels.add_f32(a, b, &$0, count) }
    check("multiply", is: *) { kernels.multiply_f32(a, b, &$0, count) }
    check("affine", is: stretch) { kernels.affine_f32(a, &$0, count, 1.5, -0.25) }
    check("blend", is: blend) { kernels.blend_rows_f32(a, b, 0.25, 0.75, &$0, count) }
    for activation in everyActivation {
      func expected(_ a: Double, _ b: Double) -> Double { reference(activation, a) }
      check("activate", is: expected) {
        // In place.
        $0.replaceSubrange(0..<count, with: a)
        $0.withUnsafeMutableBufferPointer {
          kernels.activate_f32($0.baseAddress, $0.baseAddress, count, activation)
        }
      }
    }
  }

  @Test(arguments: Level.all, [2, 4, 6, 8, 14, 16, 18, 30, 32, 34, 64, 256]) func rotatePairs(
    level: Level, columns: Int
  ) {
    var random = SeededRandom(seed: 44)
    let (rows, tableRows, firstRow, ldx, ldy) = (7, 3, 4, columns + 1, columns + 3)
    let x = random.floats(rows * ldx)
    let cosine = random.floats(tableRows * columns / 2)
    let sine = random.floats(tableRows * columns / 2)
    var y = [Float](repeating: untouched, count: rows * ldy)
    level.kernels.rotate_pairs_f32(
      x, ldx, &y, ldy, rows, columns, cosine, sine, tableRows, firstRow)
    for r in 0..<rows {
      for j in 0..<columns / 2 {
        let entry = (r + firstRow) % tableRows * (columns / 2) + j
        let (c, s) = (Double(cosine[entry]), Double(sine[entry]))
        let (even, odd) = (Double(x[r * ldx + 2 * j]), Double(x[r * ldx + 2 * j + 1]))
        let (y0, y1) = (Double(y[r * ldy + 2 * j]), Double(y[r * ldy + 2 * j + 1]))
        #expect(abs(y0 - (even * c - odd * s)) < roundingTolerance)
        #expect(abs(y1 - (even * s + odd * c)) < roundingTolerance)
      }
      #expect(y[r * ldy + columns] == untouched)
    }
  }
}
