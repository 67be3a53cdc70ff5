import CKernels
import Glibc
import TestSupport
import Testing

/// Float sums of a few thousand products of numbers in [-1, 1].
private let sumTolerance = 2e-4
/// Weights of attention are rounded to eight bits: half a unit in the last place of a mean of values
/// in [-1, 1], and what a rounding the other way moves it.
private let attentionTolerance = 4e-3

@Suite struct BFloat16Tests {
  /// Nearest bfloat16, ties to even: subnormal numbers become zero, NaN stays NaN.
  private static func rounded(_ x: Float) -> Float {
    if x.isNaN { return .nan }
    if x.isSubnormal { return x.sign == .minus ? -0.0 : 0 }
    let bits = x.bitPattern
    let (top, rest) = (bits & 0xffff_0000, bits & 0xffff)
    let isOdd = bits >> 16 & 1 == 1
    let up = rest > 0x8000 || (rest == 0x8000 && isOdd)
    return Float(bitPattern: up ? top + 0x1_0000 : top)
  }

  private func pack(_ level: Level, _ w: [Float], columns: Int, depth: Int) -> [UInt16] {
    let (panel, multiple) = (level.kernels.panel_columns_bf16, level.kernels.depth_multiple_bf16)
    let panels = (columns + panel - 1) / panel
    let padded = (depth + multiple - 1) / multiple * multiple
    var packed = [UInt16](repeating: 0x7fc0, count: panels * panel * padded)
    level.kernels.pack_bf16(w, depth, 1, columns, depth, 0, panels, &packed)
    return packed
  }

  private func multiply(
    _ level: Level, _ a: [Float], _ w: [Float], rows: Int, columns: Int, depth: Int,
    bias: [Float]? = nil, residual: [Float]? = nil, activation: sam2_activation = SAM2_ACT_NONE
  ) -> [Float] {
    let packed = pack(level, w, columns: columns, depth: depth)
    var c = residual ?? [Float](repeating: untouched, count: rows * columns)
    a.withUnsafeBufferPointer { a in
      packed.withUnsafeBufferPointer { packed in
        (bias ?? []).withUnsafeBufferPointer { added in
          c.withUnsafeMutableBufferPointer { c in
            var task = sam2_gemm_f32(
              a: a.baseAddress, lda: depth, packed: packed.baseAddress, c: c.baseAddress,
              ldc: columns, bias: bias == nil ? nil : added.baseAddress,
              residual: residual == nil ? nil : UnsafePointer(c.baseAddress), ldr: columns,
              rows: rows, columns: columns, depth: depth, activation: activation)
            level.kernels.gemm_bf16(&task)
          }
        }
      }
    }
    return c
  }

  /// Products with one are what the operands were rounded to, in either of their places.
  @Test(arguments: Level.all) func roundsToTheNearest(level: Level) {
    var random = SeededRandom(seed: 11)
    var numbers: [Float] = [
      0, -0.0, 1, 1.00390625, 1.01171875, -1.00390625, 1.0039063, 3.3895314e38, .infinity,
      -.infinity, .nan, .leastNormalMagnitude, .leastNonzeroMagnitude,
      Float(bitPattern: 0x8010_0000),
      .greatestFiniteMagnitude,
    ]
    while numbers.count < 100 { numbers.append(random.floats(1, in: -1...1)[0] * 1e3) }
    let expected = numbers.map(Self.rounded)
    for result in [
      multiply(level, numbers, [1], rows: numbers.count, columns: 1, depth: 1),
      multiply(level, [1], numbers, rows: 1, columns: numbers.count, depth: 1),
    ] {
      for (actual, expected) in zip(result, expected) {
        #expect(actual == expected || actual.isNaN && expected.isNaN, "\(actual), \(expected)")
      }
    }
  }

  /// Rows and columns around every tile, odd depths, and depths in several chunks.
  @Test(arguments: Level.all, [1, 2, 33, 100, 1024, 1025, 2300]) func products(
    level: Level, depth: Int
  ) {
    var random = SeededRandom(seed: 12)
    for rows in Level.edgeRows + (depth > 1000 ? [61] : []) {
      for columns in depth > 1000 ? [5, 300] : [5, 64, 97] {
        let a = random.floats(rows * depth)
        let w = random.floats(columns * depth)
        let bias = random.floats(columns)
        let other = random.floats(rows * columns)
        let actual = multiply(
          level, a, w, rows: rows, columns: columns, depth: depth, bias: bias, residual: other,
          activation: SAM2_ACT_RELU)
        let (x, y) = (a.map(Self.rounded), w.map(Self.rounded))
        var worst = 0.0
        for r in stride(from: 0, to: rows, by: max(1, rows / 7)) {
          for n in stride(from: 0, to: columns, by: max(1, columns / 9)) {
            var sum = Double(bias[n])
            for k in 0..<depth { sum += Double(x[r * depth + k]) * Double(y[n * depth + k]) }
            let expected = max(0, sum) + Double(other[r * columns + n])
            worst = max(worst, abs(Double(actual[r * columns + n]) - expected))
          }
        }
        #expect(worst < sumTolerance, "\(rows)x\(columns)x\(depth): \(worst)")
      }
    }
  }

  /// A row's sums do not depend on the rows beside it, from three rows on.
  @Test(arguments: Level.all) func rowsAreIndependent(level: Level) {
    var random = SeededRandom(seed: 13)
    let (rows, columns, depth) = (70, 40, 1100)
    let a = random.floats(rows * depth)
    let w = random.floats(columns * depth)
    let whole = multiply(level, a, w, rows: rows, columns: columns, depth: depth)
    for range in [0..<31, 31..<34, 34..<70] {
      let part = multiply(
        level, Array(a[(range.lowerBound * depth)..<(range.upperBound * depth)]), w,
        rows: range.count, columns: columns, depth: depth)
      let same = whole[(range.lowerBound * columns)..<(range.upperBound * columns)]
      #expect(part.map(\.bitPattern) == same.map(\.bitPattern), "rows \(range)")
    }
  }

  @Test(arguments: Level.all) func attention(level: Level) {
    var random = SeededRandom(seed: 14)
    for (queries, keys, head, value) in [
      (1, 1, 1, 1), (3, 7, 24, 24), (15, 129, 64, 40), (70, 256, 32, 33), (230, 131, 17, 64),
    ] {
      let q = random.floats(queries * head)
      let k = random.floats(keys * head)
      let v = random.floats(keys * value)
      let exact = attend(level, q, k, v, (queries, keys, head, value), inFloat: true)
      let actual = attend(level, q, k, v, (queries, keys, head, value), inFloat: false)
      let worst = zip(exact, actual).reduce(0.0) { max($0, abs(Double($1.0) - Double($1.1))) }
      #expect(worst < attentionTolerance, "\(queries), \(keys), \(head), \(value): \(worst)")
      #expect(!actual.contains(untouched))
    }
  }

  private func attend(
    _ level: Level, _ q: [Float], _ k: [Float], _ v: [Float],
    _ sizes: (queries: Int, keys: Int, head: Int, value: Int), inFloat: Bool
  ) -> [Float] {
    let floats =
      inFloat
      ? level.pack(
        k, columns: sizes.keys, depth: sizes.head, columnStride: sizes.head, depthStride: 1) : []
    let halves = pack(level, k, columns: sizes.keys, depth: sizes.head)
    let size =
      inFloat ? level.kernels.attention_f32_workspace : level.kernels.attention_bf16_workspace
    let bytes = size?(sizes.keys, sizes.head, sizes.value) ?? 0
    let workspace = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    defer { workspace.deallocate() }
    // The contents that an earlier call left there must not matter.
    workspace.initializeMemory(as: UInt8.self, repeating: 0xff, count: bytes)
    var out = [Float](repeating: untouched, count: sizes.queries * sizes.value)
    q.withUnsafeBufferPointer { q in
      floats.withUnsafeBytes { floats in
        halves.withUnsafeBytes { halves in
          v.withUnsafeBufferPointer { v in
            out.withUnsafeMutableBufferPointer { out in
              var task = sam2_attention_f32(
                query: q.baseAddress, ldq: sizes.head,
                packed_keys: inFloat ? floats.baseAddress : halves.baseAddress,
                values: v.baseAddress, ldv: sizes.value, out: out.baseAddress, ldo: sizes.value,
                queries: sizes.queries, key_count: sizes.keys, head_depth: sizes.head,
                value_depth: sizes.value, scale: 0.5, workspace: workspace)
              inFloat ? level.kernels.attention_f32(&task) : level.kernels.attention_bf16(&task)
            }
          }
        }
      }
    }
    return out
  }
}
