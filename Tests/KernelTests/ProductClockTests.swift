import CKernels
import Testing

@Suite struct ProductClockTests {
  @Test func oneLevelIsClockedAndGivesTheSameNumbers() throws {
    let clocked = Level.all.filter { sam2_clocked_products($0.table) != nil }
    // The first that asked, here or in another test of this process.
    #expect(clocked.count == 1)
    let level = try #require(clocked.first)
    let table = try #require(sam2_clocked_products(level.table)).pointee
    let (rows, columns, depth) = (64, 64, 256)
    let a = (0..<rows * depth).map { Float($0 % 7) - 3 }
    let packed = level.pack(
      (0..<columns * depth).map { Float($0 % 5) - 2 }, columns: columns, depth: depth,
      columnStride: depth, depthStride: 1)
    var results = [[Float]](repeating: Array(repeating: 0, count: rows * columns), count: 2)
    let before = sam2_product_nanoseconds()
    for (index, gemm) in [level.kernels.gemm_f32, table.gemm_f32].enumerated() {
      results[index].withUnsafeMutableBufferPointer { c in
        a.withUnsafeBufferPointer { a in
          packed.withUnsafeBufferPointer { packed in
            var task = sam2_gemm_f32()
            (task.a, task.lda, task.packed) = (
              a.baseAddress, depth, UnsafeRawPointer(packed.baseAddress)
            )
            (task.c, task.ldc) = (c.baseAddress, columns)
            (task.rows, task.columns, task.depth) = (rows, columns, depth)
            gemm?(&task)
          }
        }
      }
    }
    #expect(results[0] == results[1])
    #expect(results[0].contains { $0 != 0 })
    #expect(sam2_product_nanoseconds() > before)
  }
}
