internal import CKernels
internal import Graph

// Attention within windows: tasks are a few windows each, and a task takes its windows from the map
// through attention and back.

extension Executor {
  func run(_ windows: WindowAttention, of attention: AttentionStep, _ step: Step) {
    let layout = windows.layout
    // Sizes only: no pointer is read.
    let one = operands(
      windows.columns, attention, layout.parts(base: threadScratch(0)), windows: 1)
    let scratch =
      switch attention.arithmetic {
      case .float: scratchBytes(one)
      case .int8: quantizedScratchBytes(one)
      }
    reserveThreadScratch(byteCount: layout.byteCount + scratch)
    forRows(layout.windowCount, grain: layout.windowsPerTask) { range, worker in
      run(windows, attention, step, range, layout.parts(base: threadScratch(worker)))
    }
  }

  private func run(
    _ windows: WindowAttention, _ attention: AttentionStep, _ step: Step, _ range: Range<Int>,
    _ parts: WindowScratch
  ) {
    let (columns, tail) = (windows.columns, windows.tail)
    let rows = range.lowerBound * columns.keyCount..<range.upperBound * columns.keyCount
    run(windows.head, step, rows: rows, parts.head, to: parts.projected)
    if columns.pool > 1 { poolQueries(columns, parts, windows: range.count) }
    let operands = operands(columns, attention, parts, windows: range.count)
    let problems = 0..<operands.problems
    switch attention.arithmetic {
    case .float: attend(operands, problems: problems, scratch: parts.attention)
    case .int8: attendQuantized(operands, problems: problems, scratch: parts.attention)
    }
    let attended = ProductRows(
      start: UnsafePointer(parts.attended), stride: operands.outStride,
      count: range.count * columns.queryCount)
    if tail.products[0].isQuantized { quantize(attended, tail.products[0], parts.tail, 0) }
    // Queries, keys and values are no longer needed.
    multiply(tail, step, attended, parts.tail, to: parts.projected)
    putBack(windows, step, range, UnsafePointer(parts.projected))
  }

  private func poolQueries(_ columns: WindowColumns, _ parts: WindowScratch, windows: Int) {
    for window in 0..<windows {
      let rows = parts.projected + window * columns.keyCount * parts.projectedColumns
      kernels.pointee.max_pool_f32(
        UnsafePointer(rows) + columns.query, parts.projectedColumns, columns.side,
        columns.side, columns.queryWidth, columns.pool,
        parts.pooled + window * columns.queryCount * columns.queryWidth, 0,
        columns.querySide)
    }
  }

  private func operands(
    _ columns: WindowColumns, _ attention: AttentionStep, _ parts: WindowScratch, windows: Int
  ) -> AttentionOperands {
    let stride = parts.projectedColumns
    func rows(_ column: Int) -> AttentionOperands.Rows {
      .init(
        start: UnsafePointer(parts.projected) + column, stride: stride,
        itemStride: columns.keyCount * stride)
    }
    let pooled = AttentionOperands.Rows(
      start: UnsafePointer(parts.pooled), stride: columns.queryWidth,
      itemStride: columns.queryCount * columns.queryWidth)
    return AttentionOperands(
      query: columns.pool > 1 ? pooled : rows(columns.query), keys: rows(columns.key),
      values: rows(columns.value), out: parts.attended, items: windows,
      queries: columns.queryCount, keyCount: columns.keyCount, heads: attention.heads,
      headDepth: columns.queryWidth / attention.heads,
      valueDepth: columns.valueWidth / attention.heads, scale: attention.scale)
  }

  /// Writes rows of windows to their pixels of the map, plus the residual; rows outside the image are
  /// dropped.
  private func putBack(
    _ attention: WindowAttention, _ step: Step, _ windows: Range<Int>,
    _ rows: UnsafePointer<Float>
  ) {
    let merge = attention.merge
    let columns = attention.tail.columns
    let perWindow = merge.window * merge.window
    let residual = attention.tail.residual.map { step.operands[$0] }
    let first = windows.lowerBound * perWindow
    let output = target(step)
    let cut = WindowRows(
      order: .windows, height: merge.height, width: merge.width, window: merge.window)
    cut.forRuns(first..<windows.upperBound * perWindow, limit: merge.window) { place, row, count in
      guard let place else { return }
      let (from, to) = (rows + (row - first) * columns, output + place * columns)
      guard let residual else {
        to.update(from: from, count: count * columns)
        return
      }
      let other = pointer(residual) + place * residual.rowStride
      if residual.isContiguous {
        kernels.pointee.add_f32(from, other, to, count * columns)
        return
      }
      for i in 0..<count {
        kernels.pointee.add_f32(
          from + i * columns, other + i * residual.rowStride, to + i * columns, columns)
      }
    }
  }
}
