import CKernels
import TestSupport
import Testing

@Suite struct QuantizeTests {
  private struct Quantized: Equatable {
    var bytes: [UInt8]
    var scale: [Float]
    var zero: [Int32]
  }

  private func quantize(_ x: [Float], rows: Int, depth: Int, on level: Level) -> Quantized {
    let ldOut = (depth + 63) / 64 * 64
    var result = Quantized(
      bytes: [UInt8](repeating: 77, count: rows * ldOut),
      scale: [Float](repeating: 0, count: rows), zero: [Int32](repeating: -1, count: rows))
    level.kernels.quantize_rows_u8(
      x, depth, rows, depth, &result.bytes, ldOut, &result.scale, &result.zero)
    return result
  }

  /// The contract in plain Swift, in the float operations that it names.
  private func expected(_ x: [Float], rows: Int, depth: Int) -> Quantized {
    let ldOut = (depth + 63) / 64 * 64
    var result = Quantized(bytes: [], scale: [], zero: [])
    for r in 0..<rows {
      let row = x[r * depth..<(r + 1) * depth]
      let minimum = min(0, row.min() ?? 0)
      let maximum = max(0, row.max() ?? 0)
      let scale = maximum == minimum ? 1 : (maximum - minimum) / 255
      let inverse = 1 / scale
      let zero = min(255, max(0, (-minimum * inverse).rounded(.toNearestOrEven)))
      let bytes = row.map { value in
        UInt8(min(255, max(0, (value * inverse).rounded(.toNearestOrEven) + zero)))
      }
      result.scale.append(scale)
      result.zero.append(Int32(zero))
      result.bytes += bytes + [UInt8](repeating: UInt8(zero), count: ldOut - depth)
    }
    return result
  }

  @Test(arguments: Level.all, [1, 3, 15, 16, 17, 64, 100, 257]) func integersAreTheContracts(
    level: Level, depth: Int
  ) {
    var random = SeededRandom(seed: 21)
    for range in [Float(-1)...1, -3...0.5, 0...1e-6, -1e6...(-10), 5...6] {
      let x = random.floats(4 * depth, in: range)
      let actual = quantize(x, rows: 4, depth: depth, on: level)
      #expect(actual == expected(x, rows: 4, depth: depth), "range \(range)")
    }
  }

  @Test(arguments: Level.all) func tiesRoundToEven(level: Level) {
    // The scale is exactly 1, so that halves are exact.
    let x: [Float] = [0, 255, 0.5, 1.5, 2.5, 3.5, 253.5, 254.5]
    let actual = quantize(x, rows: 1, depth: x.count, on: level)
    #expect(actual.scale == [1])
    #expect(Array(actual.bytes.prefix(x.count)) == [0, 255, 0, 2, 2, 4, 254, 254])
  }

  @Test(arguments: Level.all) func zerosKeepScaleOne(level: Level) {
    let actual = quantize([Float](repeating: 0, count: 70), rows: 1, depth: 70, on: level)
    #expect(actual == Quantized(bytes: [UInt8](repeating: 0, count: 128), scale: [1], zero: [0]))
  }

  @Test func hostileRowsAreHarmlessAndAgree() throws {
    let smallest = Float.leastNonzeroMagnitude
    let rows: [[Float]] = [
      [.nan, 1, -1, 0.25], [.infinity, 1, -2, 3], [-.infinity, .infinity, .nan, 0],
      [smallest, 0, 0, 0], [.greatestFiniteMagnitude, -.greatestFiniteMagnitude, 1, 0],
    ]
    for row in rows {
      let x = row + [Float](repeating: 0.5, count: 29)
      let all = Level.all.map { quantize(x, rows: 1, depth: x.count, on: $0) }
      let first = try #require(all.first)
      for (level, one) in zip(Level.all, all) { #expect(one == first, "\(level.name): \(row)") }
      #expect(first.scale.allSatisfy { $0.isFinite && $0 > 0 })
    }
  }

  @Test(arguments: Level.all) func errorIsHalfAStep(level: Level) {
    var random = SeededRandom(seed: 22)
    let x = random.floats(300, in: -2...5)
    let q = quantize(x, rows: 1, depth: 300, on: level)
    for (value, byte) in zip(x, q.bytes) {
      let back = Double(q.scale[0]) * Double(Int32(byte) - q.zero[0])
      // Both x / scale and the zero point are rounded; only the ends may be off by a whole step.
      #expect(abs(back - Double(value)) <= 1.01 * Double(q.scale[0]))
    }
  }
}
