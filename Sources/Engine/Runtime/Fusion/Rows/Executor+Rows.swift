internal import CKernels
internal import Graph

// Row chains: tasks are blocks of rows, and a task takes its rows through all links.

extension Executor {
  /// Scratch of a block that, with the panels of weights passing through, stays in a core's L2.
  static var blockBytes: Int { 393_216 }
  /// Rows of a block: whole tiles of every kernel level, and enough of them to reuse the weights.
  private static var minimumBlock: Int { 28 }
  private static var maximumBlock: Int { 252 }
  /// Minimum number of blocks of a step, so that threads finish together.
  static var targetBlockCount: Int { 32 }

  func run(_ chain: RowChain, _ step: Step) {
    let layout = chain.layout
    let rows = chain.productRows(result: step.result.rows)
    guard rows > 0 else { return }
    let fitting = min(Self.blockBytes / layout.bytesPerRow, rows / Self.targetBlockCount)
    // A pooled map is cut between rows of cells.
    let unit = chain.pool.map { $0.window * $0.width } ?? Self.minimumBlock
    let block = max(unit, min(Self.maximumBlock, fitting) / unit * unit)
    // A short tail is merged into the previous block.
    let blocks = max(1, (rows + block / 2) / block)
    let longest = max(block, rows - (blocks - 1) * block)
    reserveThreadScratch(byteCount: layout.byteCount(rows: longest))
    pool.run(blocks) { index, worker in
      let end = index == blocks - 1 ? rows : (index + 1) * block
      run(
        chain, step, rows: (index * block)..<end,
        RowChainScratch(layout, rows: longest, base: threadScratch(worker)))
    }
  }

  private func run(_ chain: RowChain, _ step: Step, rows: Range<Int>, _ scratch: RowChainScratch) {
    let columns = chain.columns
    let output =
      chain.pool == nil
      ? target(step) + rows.lowerBound * columns : scratch.hidden(chain.products.count - 1)
    run(chain, step, rows: rows, scratch, to: output)
    if let rotation = chain.rotation { rotate(rotation, step, rows: rows, output, columns) }
    guard let pool = chain.pool else { return }
    let height = rows.count / pool.width
    kernels.pointee.max_pool_f32(
      UnsafePointer(output), columns, height, pool.width, columns, pool.window,
      target(step) + rows.lowerBound / (pool.window * pool.window) * columns, 0,
      height / pool.window)
  }

  /// Rotates rows where they are.
  private func rotate(
    _ rotation: RowChain.Rotation, _ step: Step, rows: Range<Int>,
    _ start: UnsafeMutablePointer<Float>, _ columns: Int
  ) {
    let (cosine, sine) = (step.operands[rotation.cosine], step.operands[rotation.sine])
    var row = rows.lowerBound
    while row < rows.upperBound {
      let token = row % rotation.tokens
      // Up to the end of the item, and no further than tokens are rotated.
      let next = min(rows.upperBound, row - token + rotation.tokens)
      let count = min(next - row, max(0, rotation.rotated - token))
      let target = start + (row - rows.lowerBound) * columns
      kernels.pointee.rotate_pairs_f32(
        UnsafePointer(target), columns, target, columns, count, columns, pointer(cosine),
        pointer(sine), cosine.shape[0], token)
      row = next
    }
  }

  /// Takes `rows` of the step's source through the products of `chain`, into `output`.
  ///
  /// `source` replaces the rows of the step's first operand, from row 0 on.
  func run(
    _ chain: RowChain, _ step: Step, rows: Range<Int>, of source: ProductRows? = nil,
    _ scratch: RowChainScratch, to output: UnsafeMutablePointer<Float>
  ) {
    let x = step.operands[0]
    let source = source ?? ProductRows(start: pointer(x), stride: x.rowStride, count: x.rows)
    var input = ProductRows(
      start: source.start + rows.lowerBound * source.stride, stride: source.stride,
      count: rows.count)
    if chain.products[0].isQuantized {
      quantizeSource(chain, step, source, rows, scratch)
    } else if chain.norm != nil || chain.windows != nil {
      copySource(chain, step, source, rows, to: scratch.first)
      (input.start, input.stride) = (UnsafePointer(scratch.first), x.columns)
    }
    let residual = chain.residual.map { position in
      let view = step.operands[position]
      return ProductRows(
        start: pointer(view) + rows.lowerBound * view.rowStride, stride: view.rowStride,
        count: rows.count)
    }
    multiply(chain, step, input, scratch, to: output, residual: residual)
  }

  /// Takes `input` through the products of `chain`, into `output`; the first product's rows are
  /// quantised already if it is an int8 product.
  func multiply(
    _ chain: RowChain, _ step: Step, _ input: ProductRows, _ scratch: RowChainScratch,
    to output: UnsafeMutablePointer<Float>, residual: ProductRows? = nil
  ) {
    var input = input
    for (index, product) in chain.products.enumerated() {
      let isLast = index == chain.products.count - 1
      let next = isLast ? output : scratch.hidden(index)
      if product.isQuantized, index > 0 { quantize(input, product, scratch, index) }
      multiply(
        product, step, input, scratch, index, to: next, residual: isLast ? residual : nil)
      (input.start, input.stride) = (UnsafePointer(next), product.columns)
    }
  }

  /// Rounds the rows that product `index` reads.
  func quantize(
    _ input: ProductRows, _ product: RowChain.Product, _ scratch: RowChainScratch, _ index: Int
  ) {
    kernels.pointee.quantize_rows_u8(
      input.start, input.stride, input.count, product.depth, scratch.bytes,
      scratch.byteStride(index), scratch.rowScale, scratch.rowZero)
  }

  private func multiply(
    _ product: RowChain.Product, _ step: Step, _ input: ProductRows, _ scratch: RowChainScratch,
    _ index: Int, to output: UnsafeMutablePointer<Float>, residual: ProductRows?
  ) {
    let bias = product.bias.map { pointer(step.operands[$0]) }
    switch product.weight {
    case .float(let matrix):
      var task = sam2_gemm_f32()
      (task.a, task.lda) = (input.start, input.stride)
      task.packed = matrix.panels
      (task.c, task.ldc, task.bias) = (output, matrix.columns, bias)
      (task.residual, task.ldr) = (residual?.start, residual?.stride ?? 0)
      (task.rows, task.columns, task.depth) = (input.count, matrix.columns, matrix.depth)
      task.activation = product.activation.kernel
      products.multiply?(&task)
    case .int8(let matrix):
      var task = sam2_gemm_u8s8()
      (task.a, task.lda) = (UnsafePointer(scratch.bytes), scratch.byteStride(index))
      task.row_scale = UnsafePointer(scratch.rowScale)
      task.row_zero = UnsafePointer(scratch.rowZero)
      (task.packed, task.column_scale, task.column_sum) = (
        matrix.panels, matrix.scales, matrix.sums
      )
      (task.c, task.ldc, task.bias) = (output, matrix.columns, bias)
      (task.residual, task.ldr) = (residual?.start, residual?.stride ?? 0)
      (task.rows, task.columns, task.depth) = (input.count, matrix.columns, matrix.depth)
      task.activation = product.activation.kernel
      kernels.pointee.gemm_u8s8(&task)
    }
  }

  // MARK: Source

  /// Rows of the source, normalised if the chain starts with a norm, as bytes of the first product.
  private func quantizeSource(
    _ chain: RowChain, _ step: Step, _ source: ProductRows, _ rows: Range<Int>,
    _ scratch: RowChainScratch
  ) {
    let (columns, byteStride) = (step.operands[0].columns, scratch.byteStride(0))
    let quantize = kernels.pointee.quantize_rows_u8
    forSourceRuns(chain, rows, limit: chain.norm == nil ? rows.count : RowChainLayout.runRows) {
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
      let start = source.start + from * source.stride
      guard let norm = chain.norm else {
        quantize?(start, source.stride, count, columns, bytes, byteStride, scale, zero)
        return
      }
      normalise(norm, step, start, source.stride, count, columns, to: scratch.run)
      quantize?(scratch.run, columns, count, columns, bytes, byteStride, scale, zero)
    }
  }

  /// Rows of the source, normalised if the chain starts with a norm, without gaps.
  private func copySource(
    _ chain: RowChain, _ step: Step, _ source: ProductRows, _ rows: Range<Int>,
    to target: UnsafeMutablePointer<Float>
  ) {
    let columns = step.operands[0].columns
    forSourceRuns(chain, rows, limit: rows.count) { from, at, count in
      let out = target + at * columns
      guard let from else {
        out.update(repeating: 0, count: count * columns)
        return
      }
      let start = source.start + from * source.stride
      guard let norm = chain.norm else {
        for row in 0..<count {
          (out + row * columns).update(from: start + row * source.stride, count: columns)
        }
        return
      }
      normalise(norm, step, start, source.stride, count, columns, to: out)
    }
  }

  /// LayerNorm of `rows` rows, `stride` floats apart, into adjacent rows of `target`.
  func normalise(
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
