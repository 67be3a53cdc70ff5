/// Layout of a thread's scratch for attention within windows.
struct WindowLayout {
  let windowCount: Int
  let windowsPerTask: Int
  private let columns: WindowColumns
  private let head: RowChainLayout
  private let tail: RowChainLayout
  private let projectedColumns: Int

  init(head: RowChain, columns: WindowColumns, tail: RowChain, windowCount: Int) {
    self.windowCount = windowCount
    self.columns = columns
    (self.head, self.tail) = (head.layout, tail.layout)
    projectedColumns = head.columns
    let bytes =
      columns.keyCount * (projectedColumns * 4 + head.layout.bytesPerRow)
      + columns.queryCount * (columns.valueWidth * 4 + tail.layout.bytesPerRow)
    windowsPerTask = max(
      1, min(Executor.blockBytes / max(1, bytes), windowCount / Executor.targetBlockCount))
  }

  private var rows: Int { windowsPerTask * columns.keyCount }
  private var queryRows: Int { windowsPerTask * columns.queryCount }
  private var projectedBytes: Int { aligned(rows * projectedColumns * 4) }
  private var pooledBytes: Int {
    columns.pool > 1 ? aligned(queryRows * columns.queryWidth * 4) : 0
  }
  private var attendedBytes: Int { aligned(queryRows * columns.valueWidth * 4) }

  /// Bytes of a task, without the scratch of the attention's kernel.
  var byteCount: Int {
    projectedBytes + pooledBytes + attendedBytes + head.byteCount(rows: rows)
      + tail.byteCount(rows: queryRows)
  }

  func parts(base: UnsafeMutableRawPointer) -> WindowScratch {
    var next = base
    func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
      defer { next += byteCount }
      return next
    }
    return WindowScratch(
      projected: take(projectedBytes).assumingMemoryBound(to: Float.self),
      pooled: take(pooledBytes).assumingMemoryBound(to: Float.self),
      attended: take(attendedBytes).assumingMemoryBound(to: Float.self),
      head: RowChainScratch(head, rows: rows, base: take(head.byteCount(rows: rows))),
      tail: RowChainScratch(tail, rows: queryRows, base: take(tail.byteCount(rows: queryRows))),
      attention: next, projectedColumns: projectedColumns)
  }
}

/// Parts of a thread's scratch while it runs attention within windows.
struct WindowScratch {
  /// [windows, keys, projectedColumns], then [windows, queries, columns of the tail].
  let projected: UnsafeMutablePointer<Float>
  /// [windows, queries, queryWidth], when queries are pooled.
  let pooled: UnsafeMutablePointer<Float>
  /// [windows, queries, valueWidth].
  let attended: UnsafeMutablePointer<Float>
  let head: RowChainScratch
  let tail: RowChainScratch
  /// For the attention's kernel.
  let attention: UnsafeMutableRawPointer
  let projectedColumns: Int
}
