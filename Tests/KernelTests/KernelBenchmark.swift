import CKernels
import Glibc
import TestSupport
import Testing

/// Speed on one core at shapes of SAM 2, beside the peak measured in the same run.
///
/// `SAM2_BENCH=1 swift test -c release --filter KernelBenchmark`.
@Suite(.serialized, .enabled(if: getenv("SAM2_BENCH") != nil)) struct KernelBenchmark {
  /// rows, depth, columns: stage 3 MLP and projections of Hiera-T, memory attention, the decoder.
  static let products = [
    (4096, 384, 1536), (4096, 1536, 384), (4096, 2048, 256), (4096, 256, 2048), (16384, 96, 288),
    (64, 384, 1152), (7, 256, 2048),
  ]
  /// queries, keys, depth of keys and of values: global and window attention, memory, the decoder.
  static let attentions = [
    (4096, 4096, 96), (4096, 4096, 256), (4096, 28736, 256), (196, 196, 96), (64, 64, 96),
    (7, 4096, 16), (4096, 7, 16),
  ]

  /// Best seconds of CPU time over a quarter of a second of runs.
  private func best(_ body: () -> Void) -> Double {
    func now() -> Double {
      var time = timespec()
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
    var (shortest, total) = (Double.infinity, 0.0)
    repeat {
      let start = now()
      body()
      let seconds = now() - start
      shortest = min(shortest, seconds)
      total += seconds
    } while total < 0.25
    return shortest
  }

  private func report(_ name: String, _ work: Int, _ seconds: Double, peak: Double) {
    let rate = Double(work) / seconds
    let percent = Int((100 * rate / peak).rounded())
    print("  \(name): \(Int((rate / 1e9).rounded())) GMAC/s, \(percent)% of peak")
  }

  private func peak(_ run: (UInt64) -> UInt64) -> Double {
    var work: UInt64 = 0
    let seconds = best { work = run(1_000_000) }
    return Double(work) / seconds
  }

  @Test(arguments: Level.all) func multiplyAccumulatesPerSecond(level: Level) {
    let floatPeak = peak(level.kernels.peak_f32)
    let bytePeak = peak(level.kernels.peak_s8)
    print("\(level.name): peak float \(floatPeak / 1e9), int8 \(bytePeak / 1e9) GMAC/s")
    for (rows, depth, columns) in Self.products {
      let work = rows * depth * columns
      let name = "\(rows) x \(depth) x \(columns)"
      report("gemm_f32  \(name)", work, floatSeconds(level, rows, depth, columns), peak: floatPeak)
      report("gemm_u8s8 \(name)", work, byteSeconds(level, rows, depth, columns), peak: bytePeak)
    }
    for (queries, keys, depth) in Self.attentions {
      report(
        "attention \(queries) x \(keys) x \(depth)", 2 * queries * keys * depth,
        attentionSeconds(level, queries, keys, depth), peak: floatPeak)
      report(
        "attention_s8 \(queries) x \(keys) x \(depth)", 2 * queries * keys * depth,
        byteAttentionSeconds(level, queries, keys, depth), peak: bytePeak)
    }
  }

  private func floatSeconds(_ level: Level, _ rows: Int, _ depth: Int, _ columns: Int) -> Double {
    var random = SeededRandom(seed: 61)
    let a = random.floats(rows * depth)
    let packed = level.pack(
      random.floats(columns * depth), columns: columns, depth: depth, columnStride: depth,
      depthStride: 1)
    var c = [Float](repeating: 0, count: rows * columns)
    return a.withUnsafeBufferPointer { a in
      packed.withUnsafeBufferPointer { packed in
        c.withUnsafeMutableBufferPointer { c in
          var task = sam2_gemm_f32()
          (task.a, task.c) = (a.baseAddress, c.baseAddress)
          task.packed = UnsafeRawPointer(packed.baseAddress)
          (task.lda, task.ldc) = (depth, columns)
          (task.rows, task.depth, task.columns) = (rows, depth, columns)
          return best { level.kernels.gemm_f32(&task) }
        }
      }
    }
  }

  private func byteSeconds(_ level: Level, _ rows: Int, _ depth: Int, _ columns: Int) -> Double {
    let lda = (depth + 63) / 64 * 64
    let a = [UInt8](repeating: 3, count: rows * lda)
    let packed = level.pack(
      [Int8](repeating: 5, count: columns * depth), columns: columns, depth: depth)
    let scales = [Float](repeating: 0.01, count: max(rows, columns))
    let integers = [Int32](repeating: 7, count: max(rows, columns))
    var c = [Float](repeating: 0, count: rows * columns)
    return a.withUnsafeBufferPointer { a in
      packed.withUnsafeBufferPointer { packed in
        scales.withUnsafeBufferPointer { scales in
          integers.withUnsafeBufferPointer { integers in
            c.withUnsafeMutableBufferPointer { c in
              var task = sam2_gemm_u8s8()
              (task.a, task.packed, task.c) = (a.baseAddress, packed.baseAddress, c.baseAddress)
              (task.row_scale, task.column_scale) = (scales.baseAddress, scales.baseAddress)
              (task.row_zero, task.column_sum) = (integers.baseAddress, integers.baseAddress)
              (task.lda, task.ldc) = (lda, columns)
              (task.rows, task.depth, task.columns) = (rows, depth, columns)
              return best { level.kernels.gemm_u8s8(&task) }
            }
          }
        }
      }
    }
  }

  /// Prepares the keys and attends.
  private func byteAttentionSeconds(
    _ level: Level, _ queries: Int, _ keys: Int, _ depth: Int
  ) -> Double {
    var random = SeededRandom(seed: 63)
    let q = random.floats(queries * depth)
    let v = random.floats(keys * depth)
    var out = [Float](repeating: 0, count: queries * depth)
    return q.withUnsafeBufferPointer { q in
      v.withUnsafeBufferPointer { v in
        out.withUnsafeMutableBufferPointer { out in
          var task = sam2_attention_s8()
          (task.query, task.keys, task.values) = (q.baseAddress, v.baseAddress, v.baseAddress)
          (task.ldq, task.ldk, task.ldv, task.ldo) = (depth, depth, depth, depth)
          (task.out, task.queries, task.key_count) = (out.baseAddress, queries, keys)
          (task.head_depth, task.value_depth, task.scale) = (depth, depth, 0.125)
          let prepared = UnsafeMutableRawPointer.allocate(
            byteCount: level.kernels.attention_s8_prepared_bytes(&task), alignment: 64)
          let workspace = UnsafeMutableRawPointer.allocate(
            byteCount: level.kernels.attention_s8_workspace_bytes(&task), alignment: 64)
          defer {
            prepared.deallocate()
            workspace.deallocate()
          }
          (task.prepared, task.workspace) = (prepared, workspace)
          let tiles = (keys + Int(SAM2_KEY_TILE) - 1) / Int(SAM2_KEY_TILE)
          return best {
            level.kernels.attention_s8_prepare(&task, 0, tiles)
            level.kernels.attention_s8(&task)
          }
        }
      }
    }
  }

  private func attentionSeconds(
    _ level: Level, _ queries: Int, _ keys: Int, _ depth: Int
  ) -> Double {
    var random = SeededRandom(seed: 62)
    let q = random.floats(queries * depth)
    let v = random.floats(keys * depth)
    let packed = level.pack(v, columns: keys, depth: depth, columnStride: depth, depthStride: 1)
    var out = [Float](repeating: 0, count: queries * depth)
    let workspace = UnsafeMutableRawPointer.allocate(
      byteCount: level.kernels.attention_f32_workspace(keys, depth, depth), alignment: 64)
    defer { workspace.deallocate() }
    return q.withUnsafeBufferPointer { q in
      packed.withUnsafeBufferPointer { packed in
        v.withUnsafeBufferPointer { v in
          out.withUnsafeMutableBufferPointer { out in
            var task = sam2_attention_f32(
              query: q.baseAddress, ldq: depth, packed_keys: packed.baseAddress,
              values: v.baseAddress, ldv: depth, out: out.baseAddress, ldo: depth,
              queries: queries, key_count: keys, head_depth: depth, value_depth: depth,
              scale: 0.125, workspace: workspace)
            return best { level.kernels.attention_f32(&task) }
          }
        }
      }
    }
  }
}
