internal import CKernels
internal import Graph

// Window chains: tasks are a few windows each, and a task takes its windows from the map through
// attention and back.

extension Executor {
  func run(_ chain: WindowChain, _ step: Step) {
    guard case .windowChain(let layout) = step.geometry else { return }
    let attention = chain.attention
    // Sizes only: no pointer is looked at.
    let scratch = attentionScratchBytes(
      operands(attention, layout.parts(base: threadScratch(0)), windows: 1),
      isQuantized: attention.isQuantized)
    reserveThreadScratch(byteCount: layout.byteCount + scratch)
    forRows(layout.windowCount, grain: layout.windowsPerTask) { windows, worker in
      run(chain, step, windows, layout.parts(base: threadScratch(worker)))
    }
  }

  private func run(
    _ chain: WindowChain, _ step: Step, _ windows: Range<Int>, _ parts: WindowScratch
  ) {
    let attention = chain.attention
    let rows = windows.lowerBound * attention.keyCount..<windows.upperBound * attention.keyCount
    run(chain.head, step, rows: rows, parts.head, to: parts.projected)
    if attention.pool > 1 { poolQueries(attention, parts, windows: windows.count) }
    let operands = operands(attention, parts, windows: windows.count)
    let problems = 0..<operands.problems
    if attention.isQuantized {
      attendQuantized(operands, problems: problems, scratch: parts.attention)
    } else {
      attend(operands, problems: problems, scratch: parts.attention)
    }
    let attended = ProductRows(
      start: UnsafePointer(parts.attended), stride: operands.outStride,
      count: windows.count * attention.queryCount)
    if chain.tail.products[0].isQuantized {
      quantize(attended, chain.tail.products[0], parts.tail, 0)
    }
    // Queries, keys and values are done with.
    multiply(chain.tail, step, attended, parts.tail, to: parts.projected)
    putBack(chain, step, windows, UnsafePointer(parts.projected))
  }

  private func poolQueries(_ attention: WindowAttention, _ parts: WindowScratch, windows: Int) {
    for window in 0..<windows {
      let rows = parts.projected + window * attention.keyCount * parts.projectedColumns
      kernels.pointee.max_pool_f32(
        UnsafePointer(rows) + attention.query, parts.projectedColumns, attention.side,
        attention.side, attention.queryWidth, attention.pool,
        parts.pooled + window * attention.queryCount * attention.queryWidth, 0,
        attention.querySide)
    }
  }

  private func operands(
    _ attention: WindowAttention, _ parts: WindowScratch, windows: Int
  ) -> AttentionOperands {
    let stride = parts.projectedColumns
    func rows(_ column: Int) -> AttentionOperands.Rows {
      .init(
        start: UnsafePointer(parts.projected) + column, stride: stride,
        itemStride: attention.keyCount * stride)
    }
    let pooled = AttentionOperands.Rows(
      start: UnsafePointer(parts.pooled), stride: attention.queryWidth,
      itemStride: attention.queryCount * attention.queryWidth)
    return AttentionOperands(
      query: attention.pool > 1 ? pooled : rows(attention.query), keys: rows(attention.key),
      values: rows(attention.value), out: parts.attended, items: windows,
      queries: attention.queryCount, keyCount: attention.keyCount, heads: attention.heads,
      headDepth: attention.queryWidth / attention.heads,
      valueDepth: attention.valueWidth / attention.heads, scale: attention.scale)
  }

  private func attentionScratchBytes(_ operands: AttentionOperands, isQuantized: Bool) -> Int {
    isQuantized ? quantizedScratchBytes(operands) : scratchBytes(operands)
  }

  /// Writes rows of windows to their places in the map, plus the shortcut; places outside the image
  /// are dropped.
  private func putBack(
    _ chain: WindowChain, _ step: Step, _ windows: Range<Int>, _ rows: UnsafePointer<Float>
  ) {
    guard let merge = chain.tail.windows else { return }
    let columns = chain.tail.columns
    let perWindow = merge.window * merge.window
    let shortcut = chain.tail.residual.map { step.operands[$0] }
    let first = windows.lowerBound * perWindow
    let output = target(step)
    let cut = WindowRows(
      order: .windows, height: merge.height, width: merge.width, window: merge.window)
    cut.forRuns(first..<windows.upperBound * perWindow, limit: merge.window) { place, row, count in
      guard let place else { return }
      let (from, to) = (rows + (row - first) * columns, output + place * columns)
      guard let shortcut else {
        to.update(from: from, count: count * columns)
        return
      }
      let other = pointer(shortcut) + place * shortcut.rowStride
      if shortcut.isContiguous {
        kernels.pointee.add_f32(from, other, to, count * columns)
        return
      }
      for i in 0..<count {
        kernels.pointee.add_f32(
          from + i * columns, other + i * shortcut.rowStride, to + i * columns, columns)
      }
    }
  }
}

/// How a window chain lays out a thread's scratch.
struct WindowLayout {
  let windowCount: Int
  let windowsPerTask: Int
  private let attention: WindowAttention
  private let head: ChainLayout
  private let tail: ChainLayout
  private let projectedColumns: Int

  init(_ chain: WindowChain, windowCount: Int) {
    self.windowCount = windowCount
    attention = chain.attention
    (head, tail) = (ChainLayout(chain.head), ChainLayout(chain.tail))
    projectedColumns = chain.head.columns
    let bytes =
      attention.keyCount * (projectedColumns * 4 + head.bytesPerRow)
      + attention.queryCount * (attention.valueWidth * 4 + tail.bytesPerRow)
    windowsPerTask = max(
      1, min(Executor.blockBytes / bytes, windowCount / Executor.wishedBlocks))
  }

  private var rows: Int { windowsPerTask * attention.keyCount }
  private var queryRows: Int { windowsPerTask * attention.queryCount }
  private var projectedBytes: Int { aligned(rows * projectedColumns * 4) }
  private var pooledBytes: Int {
    attention.pool > 1 ? aligned(queryRows * attention.queryWidth * 4) : 0
  }
  private var attendedBytes: Int { aligned(queryRows * attention.valueWidth * 4) }

  /// Bytes of a task, without what the attention's kernel needs.
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
      head: ChainScratch(head, rows: rows, base: take(head.byteCount(rows: rows))),
      tail: ChainScratch(tail, rows: queryRows, base: take(tail.byteCount(rows: queryRows))),
      attention: next, projectedColumns: projectedColumns)
  }
}

/// Parts of a thread's scratch while it runs a window chain.
struct WindowScratch {
  /// [windows, keys, projectedColumns], then [windows, queries, columns of the tail].
  let projected: UnsafeMutablePointer<Float>
  /// [windows, queries, queryWidth], when queries are pooled.
  let pooled: UnsafeMutablePointer<Float>
  /// [windows, queries, valueWidth].
  let attended: UnsafeMutablePointer<Float>
  let head: ChainScratch
  let tail: ChainScratch
  /// For the attention's kernel.
  let attention: UnsafeMutableRawPointer
  let projectedColumns: Int
}
