internal import CKernels
internal import Graph

// Row chains: tasks are blocks of rows, and a task takes its rows through the whole chain.

extension Executor {
  /// Scratch of a block that, with the panels of weights passing through, stays in a core's L2.
  private static var blockBytes: Int { 393_216 }
  /// Rows of a block: whole tiles of every kernel level, and enough of them to reuse the weights.
  private static var leastBlock: Int { 28 }
  private static var mostBlock: Int { 252 }
  /// Blocks that a step should have at least, so that threads finish together.
  private static var wishedBlocks: Int { 32 }

  func run(_ chain: RowChain, _ step: Step) {
    guard case .rowChain(let layout) = step.geometry else { return }
    let rows = chain.productRows(result: step.result.rows)
    guard rows > 0 else { return }
    let fitting = min(Self.blockBytes / layout.bytesPerRow, rows / Self.wishedBlocks)
    // A pooled map is cut between rows of cells.
    let unit = chain.pool.map { $0.window * $0.width } ?? Self.leastBlock
    let block = max(unit, min(Self.mostBlock, fitting) / unit * unit)
    // A short rest goes with the block before it.
    let blocks = max(1, (rows + block / 2) / block)
    let most = max(block, rows - (blocks - 1) * block)
    reserveThreadScratch(byteCount: layout.byteCount(rows: most))
    pool.run(blocks) { index, worker in
      let end = index == blocks - 1 ? rows : (index + 1) * block
      run(
        chain, step, rows: (index * block)..<end,
        ChainScratch(layout, rows: most, base: threadScratch(worker)))
    }
  }

  private func run(_ chain: RowChain, _ step: Step, rows: Range<Int>, _ scratch: ChainScratch) {
    let x = step.operands[0]
    let source = pointer(x)
    var (input, stride) = (source + rows.lowerBound * x.rowStride, x.rowStride)
    if chain.products[0].isQuantized {
      quantizeSource(chain, step, rows, scratch)
    } else if chain.norm != nil || chain.windows != nil {
      copySource(chain, step, rows, to: scratch.first, normScratch: scratch.run)
      (input, stride) = (UnsafePointer(scratch.first), x.columns)
    }
    for (index, product) in chain.products.enumerated() {
      let isLast = index == chain.products.count - 1
      let columns = product.packed.columns
      let output =
        isLast && chain.pool == nil
        ? target(step) + rows.lowerBound * columns : scratch.hidden(index)
      if product.isQuantized, index > 0 {
        kernels.pointee.quantize_rows_u8(
          input, stride, rows.count, product.packed.depth, scratch.bytes, scratch.byteStride(index),
          scratch.rowScale, scratch.rowZero)
      }
      let residual = isLast ? chain.residual.map { step.operands[$0] } : nil
      let residualStart = residual.map { pointer($0) + rows.lowerBound * $0.rowStride }
      multiply(
        product, step, input, stride, scratch, index, rows: rows.count, to: output,
        residual: residualStart, residual?.rowStride ?? 0)
      (input, stride) = (UnsafePointer(output), columns)
    }
    guard let pool = chain.pool else { return }
    let height = rows.count / pool.width
    kernels.pointee.max_pool_f32(
      input, stride, height, pool.width, stride, pool.window,
      target(step) + rows.lowerBound / (pool.window * pool.window) * stride, 0,
      height / pool.window)
  }

  private func multiply(
    _ product: RowChain.Product, _ step: Step, _ input: UnsafePointer<Float>, _ stride: Int,
    _ scratch: ChainScratch, _ index: Int, rows: Int, to output: UnsafeMutablePointer<Float>,
    residual: UnsafePointer<Float>?, _ residualStride: Int
  ) {
    let packed = product.packed
    let bias = product.bias.map { pointer(step.operands[$0]) }
    guard product.isQuantized, let scale = packed.columnScale, let sum = packed.columnSum else {
      var task = sam2_gemm_f32()
      task.a = input
      task.lda = stride
      task.packed = UnsafePointer(packed.memory.floats)
      (task.c, task.ldc, task.bias) = (output, packed.columns, bias)
      (task.residual, task.ldr) = (residual, residualStride)
      (task.rows, task.columns, task.depth) = (rows, packed.columns, packed.depth)
      task.activation = product.activation.kernel
      kernels.pointee.gemm_f32(&task)
      return
    }
    var task = sam2_gemm_u8s8()
    task.a = UnsafePointer(scratch.bytes)
    task.lda = scratch.byteStride(index)
    task.row_scale = UnsafePointer(scratch.rowScale)
    task.row_zero = UnsafePointer(scratch.rowZero)
    task.packed = UnsafeRawPointer(packed.memory.base).assumingMemoryBound(to: Int8.self)
    task.column_scale = UnsafePointer(scale.floats)
    task.column_sum = UnsafeRawPointer(sum.base).assumingMemoryBound(to: Int32.self)
    (task.c, task.ldc, task.bias) = (output, packed.columns, bias)
    (task.residual, task.ldr) = (residual, residualStride)
    (task.rows, task.columns, task.depth) = (rows, packed.columns, packed.depth)
    task.activation = product.activation.kernel
    kernels.pointee.gemm_u8s8(&task)
  }

  // MARK: The source

  /// Rows of the source, normalised if the chain says so, as bytes of the first product.
  private func quantizeSource(
    _ chain: RowChain, _ step: Step, _ rows: Range<Int>, _ scratch: ChainScratch
  ) {
    let x = step.operands[0]
    let (source, columns, byteStride) = (pointer(x), x.columns, scratch.byteStride(0))
    let quantize = kernels.pointee.quantize_rows_u8
    forSourceRuns(chain, rows, limit: chain.norm == nil ? rows.count : ChainLayout.runRows) {
      from, at, count in
      let bytes = scratch.bytes + at * byteStride
      let (scale, zero) = (scratch.rowScale + at, scratch.rowZero + at)
      guard let from else {
        scratch.run.update(repeating: 0, count: columns)
        for row in 0..<count {
          quantize?(
            scratch.run, columns, 1, columns, bytes + row * byteStride, byteStride, scale + row,
            zero + row)
        }
        return
      }
      let start = source + from * x.rowStride
      guard let norm = chain.norm else {
        quantize?(start, x.rowStride, count, columns, bytes, byteStride, scale, zero)
        return
      }
      normalise(norm, step, start, x.rowStride, count, columns, to: scratch.run)
      quantize?(scratch.run, columns, count, columns, bytes, byteStride, scale, zero)
    }
  }

  /// Rows of the source, normalised if the chain says so, side by side.
  private func copySource(
    _ chain: RowChain, _ step: Step, _ rows: Range<Int>, to target: UnsafeMutablePointer<Float>,
    normScratch: UnsafeMutablePointer<Float>
  ) {
    let x = step.operands[0]
    let (source, columns) = (pointer(x), x.columns)
    forSourceRuns(chain, rows, limit: rows.count) { from, at, count in
      let out = target + at * columns
      guard let from else {
        out.update(repeating: 0, count: count * columns)
        return
      }
      let start = source + from * x.rowStride
      guard let norm = chain.norm else {
        for row in 0..<count {
          (out + row * columns).update(from: start + row * x.rowStride, count: columns)
        }
        return
      }
      normalise(norm, step, start, x.rowStride, count, columns, to: out)
    }
  }

  private func normalise(
    _ norm: RowChain.Norm, _ step: Step, _ x: UnsafePointer<Float>, _ stride: Int, _ rows: Int,
    _ columns: Int, to target: UnsafeMutablePointer<Float>
  ) {
    kernels.pointee.layer_norm_f32(
      x, stride, target, columns, rows, columns, pointer(step.operands[norm.weight]),
      pointer(step.operands[norm.bias]), norm.epsilon)
  }

  /// Runs of rows at the source; `at` counts from the start of `rows`.
  private func forSourceRuns(
    _ chain: RowChain, _ rows: Range<Int>, limit: Int,
    _ body: (_ source: Int?, _ at: Int, _ count: Int) -> Void
  ) {
    if let windows = chain.windows {
      windows.forRuns(rows, limit: limit) { source, first, count in
        body(source, first - rows.lowerBound, count)
      }
      return
    }
    for first in stride(from: rows.lowerBound, to: rows.upperBound, by: max(1, limit)) {
      body(first, first - rows.lowerBound, min(limit, rows.upperBound - first))
    }
  }
}

/// What a chain needs per row of its block.
struct ChainLayout {
  /// Rows that are normalised at a time before they are quantised: they stay in L1.
  static let runRows = 8

  /// Columns of the source when it has to be copied, else 0.
  let firstColumns: Int
  let sourceColumns: Int
  /// Bytes of a row for each quantised product, else 0.
  let byteStrides: [Int]
  /// Columns that each product leaves in scratch: all but the last, which pooling keeps there too.
  let hiddenColumns: [Int]

  init(_ chain: RowChain) {
    let depth = chain.products[0].packed.depth
    let copies = chain.norm != nil || chain.windows != nil
    sourceColumns = depth
    firstColumns = copies && !chain.products[0].isQuantized ? depth : 0
    byteStrides = chain.products.map { $0.isQuantized ? aligned($0.packed.depth) : 0 }
    let columns = chain.products.map(\.packed.columns)
    hiddenColumns = chain.pool == nil ? columns.dropLast() : columns
  }

  var bytesPerRow: Int {
    firstColumns * 4 + (byteStrides.max() ?? 0) + hiddenColumns.reduce(0, +) * 4 + 8
  }

  func byteCount(rows: Int) -> Int {
    aligned(Self.runRows * sourceColumns * 4) + aligned(rows * firstColumns * 4)
      + aligned(rows * (byteStrides.max() ?? 0)) + 2 * aligned(rows * 4)
      + hiddenColumns.reduce(0) { $0 + aligned(rows * $1 * 4) }
  }
}

/// Parts of a thread's scratch while it runs a chain.
private struct ChainScratch {
  let run: UnsafeMutablePointer<Float>
  let first: UnsafeMutablePointer<Float>
  let bytes: UnsafeMutablePointer<UInt8>
  let rowScale: UnsafeMutablePointer<Float>
  let rowZero: UnsafeMutablePointer<Int32>
  private let layout: ChainLayout
  private let rows: Int
  private let hiddenBase: UnsafeMutableRawPointer

  init(_ layout: ChainLayout, rows: Int, base: UnsafeMutableRawPointer) {
    (self.layout, self.rows) = (layout, rows)
    var next = base
    func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
      defer { next += aligned(byteCount) }
      return next
    }
    run = take(ChainLayout.runRows * layout.sourceColumns * 4)
      .assumingMemoryBound(to: Float.self)
    first = take(rows * layout.firstColumns * 4).assumingMemoryBound(to: Float.self)
    bytes = take(rows * (layout.byteStrides.max() ?? 0)).assumingMemoryBound(to: UInt8.self)
    rowScale = take(rows * 4).assumingMemoryBound(to: Float.self)
    rowZero = take(rows * 4).assumingMemoryBound(to: Int32.self)
    hiddenBase = next
  }

  func byteStride(_ product: Int) -> Int { layout.byteStrides[product] }

  /// Where product `index` writes when another follows.
  func hidden(_ index: Int) -> UnsafeMutablePointer<Float> {
    let before = layout.hiddenColumns[..<index].reduce(0) { $0 + aligned(rows * $1 * 4) }
    return (hiddenBase + before).assumingMemoryBound(to: Float.self)
  }
}
