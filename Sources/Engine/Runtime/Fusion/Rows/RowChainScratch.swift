/// Parts of a thread's scratch while it runs a chain.
struct RowChainScratch {
  let run: UnsafeMutablePointer<Float>
  let first: UnsafeMutablePointer<Float>
  let bytes: UnsafeMutablePointer<UInt8>
  let rowScale: UnsafeMutablePointer<Float>
  let rowZero: UnsafeMutablePointer<Int32>
  private let layout: RowChainLayout
  private let rows: Int
  private let hiddenBase: UnsafeMutableRawPointer

  init(_ layout: RowChainLayout, rows: Int, base: UnsafeMutableRawPointer) {
    (self.layout, self.rows) = (layout, rows)
    var next = base
    func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
      defer { next += aligned(byteCount) }
      return next
    }
    run = take(RowChainLayout.runRows * layout.sourceColumns * 4)
      .assumingMemoryBound(to: Float.self)
    first = take(rows * layout.firstColumns * 4).assumingMemoryBound(to: Float.self)
    bytes = take(rows * (layout.byteStrides.max() ?? 0)).assumingMemoryBound(to: UInt8.self)
    rowScale = take(rows * 4).assumingMemoryBound(to: Float.self)
    rowZero = take(rows * 4).assumingMemoryBound(to: Int32.self)
    hiddenBase = next
  }

  func byteStride(_ product: Int) -> Int { layout.byteStrides[product] }

  /// Result of product `index` when another follows.
  func hidden(_ index: Int) -> UnsafeMutablePointer<Float> {
    let before = layout.hiddenColumns[..<index].reduce(0) { $0 + aligned(rows * $1 * 4) }
    return (hiddenBase + before).assumingMemoryBound(to: Float.self)
  }
}
