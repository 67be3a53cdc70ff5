import CKernels
import Glibc
import TestSupport
import Testing

/// Outputs are means of values in [-1, 1].
private let attentionTolerance = 3e-6

@Suite struct AttentionTests {
  private struct Case {
    var queries: Int, keys: Int, head: Int, value: Int
    var scale: Float = 0.3
    var spread: Float = 1

    func error(on level: Level, _ random: inout SeededRandom) -> Double {
      let (ldq, ldk, ldv, ldo) = (head + 3, head + 1, value + 2, value + 5)
      let q = random.floats(queries * ldq, in: -spread...spread)
      let k = random.floats(keys * ldk, in: -spread...spread)
      let v = random.floats(keys * ldv)
      let packed = level.pack(k, columns: keys, depth: head, columnStride: ldk, depthStride: 1)
      var out = [Float](repeating: untouched, count: queries * ldo)
      run(level, q, packed, v, &out, (ldq, ldv, ldo))

      var worst = 0.0
      for row in 0..<queries {
        let expected = mean(of: q[(row * ldq)...].prefix(head).map(Double.init), k, v, ldk, ldv)
        for n in 0..<ldo {
          let actual = out[row * ldo + n]
          if n >= value {
            if actual != untouched { return .infinity }
          } else {
            worst = actual.isNaN ? .infinity : max(worst, abs(Double(actual) - expected[n]))
          }
        }
      }
      return worst
    }

    /// The softmax of the scaled scores times the values, in double precision.
    private func mean(
      of query: [Double], _ k: [Float], _ v: [Float], _ ldk: Int, _ ldv: Int
    ) -> [Double] {
      let scores = (0..<keys).map { key in
        (0..<head).reduce(0.0) { $0 + query[$1] * Double(k[key * ldk + $1]) } * Double(scale)
      }
      let top = scores.max() ?? 0
      let weights = scores.map { exp($0 - top) }
      let total = weights.reduce(0, +)
      return (0..<value).map { n in
        (0..<keys).reduce(0.0) { $0 + weights[$1] * Double(v[$1 * ldv + n]) } / total
      }
    }

    private func run(
      _ level: Level, _ q: [Float], _ packed: [Float], _ v: [Float], _ out: inout [Float],
      _ strides: (q: Int, v: Int, o: Int)
    ) {
      let bytes = level.kernels.attention_f32_workspace(keys, head, value)
      let workspace = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
      defer { workspace.deallocate() }
      // The contents that an earlier call left there must not matter.
      workspace.initializeMemory(as: UInt8.self, repeating: 0xff, count: bytes)
      q.withUnsafeBufferPointer { q in
        packed.withUnsafeBufferPointer { packed in
          v.withUnsafeBufferPointer { v in
            out.withUnsafeMutableBufferPointer { out in
              var task = sam2_attention_f32(
                query: q.baseAddress, ldq: strides.q, packed_keys: packed.baseAddress,
                values: v.baseAddress, ldv: strides.v, out: out.baseAddress, ldo: strides.o,
                queries: queries, key_count: keys, head_depth: head, value_depth: value,
                scale: scale, workspace: workspace)
              level.kernels.attention_f32(&task)
            }
          }
        }
      }
    }
  }

  /// Key counts around vectors, panels and the tiles of 128 and 256 keys.
  @Test(arguments: Level.all, [1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 127, 129, 255, 256, 257, 300])
  func everyKeyCount(level: Level, keys: Int) {
    var random = SeededRandom(seed: 31)
    let error = Case(queries: 3, keys: keys, head: 16, value: 16).error(on: level, &random)
    #expect(error < attentionTolerance, "\(error)")
  }

  @Test(arguments: Level.all, Level.edgeRows + [111, 112, 113, 130]) func everyQueryCount(
    level: Level, queries: Int
  ) {
    var random = SeededRandom(seed: 32)
    let error = Case(queries: queries, keys: 40, head: 8, value: 24).error(on: level, &random)
    #expect(error < attentionTolerance, "\(error)")
  }

  @Test(arguments: Level.all, [8, 31, 32, 33, 72, 256]) func everyDepth(level: Level, depth: Int) {
    var random = SeededRandom(seed: 33)
    for value in [8, depth, 256] {
      let error = Case(queries: 5, keys: 140, head: depth, value: value).error(on: level, &random)
      #expect(error < attentionTolerance, "values of \(value): \(error)")
    }
  }

  /// Scores in the hundreds: the running maximum grows and earlier sums must shrink to nothing.
  @Test(arguments: Level.all) func sharpSoftmax(level: Level) {
    var random = SeededRandom(seed: 34)
    let sharp = Case(queries: 20, keys: 600, head: 32, value: 32, scale: 1, spread: 6)
    let error = sharp.error(on: level, &random)
    // Scores near 300 carry float errors of 3e-5, and weights the same relatively.
    #expect(error < 3e-4, "\(error)")
  }
}
