internal import CKernels
internal import Graph

// Cells attend to tokens: tasks are tiles of cells, which go through scores, softmax, output
// projection, sum and LayerNorm at once.

extension Executor {
  func run(_ update: ImageToTokenAttention, _ step: Step) {
    let (size, batch) = (update.size, step.result.shape[0])
    let layout = UpdateLayout(update, self)
    let shared = sharedScratch(byteCount: batch * layout.itemFloats * 4)
      .assumingMemoryBound(to: Float.self)
    reserveThreadScratch(byteCount: layout.threadFloats * 4)
    pool.run(batch) { index, worker in
      prepare(
        update, step, item: index, layout, shared + index * layout.itemFloats,
        scratch: threadScratch(worker).assumingMemoryBound(to: Float.self))
    }
    pool.run(batch * size.tiles) { task, worker in
      let (index, first) = (task / size.tiles, task % size.tiles * TokenSizes.tileCells)
      self.update(
        update, step, item: index, first..<min(size.cells, first + TokenSizes.tileCells), layout,
        shared + index * layout.itemFloats,
        scratch: threadScratch(worker).assumingMemoryBound(to: Float.self))
    }
  }

  /// Packs what an item's tokens mean for its cells: keys moved to the cells' side, what the bias of
  /// the queries adds to their scores, and values after the output projection.
  private func prepare(
    _ update: ImageToTokenAttention, _ step: Step, item index: Int, _ layout: UpdateLayout,
    _ shared: UnsafeMutablePointer<Float>, scratch rows: UnsafeMutablePointer<Float>
  ) {
    let (size, depth) = (update.size, update.queries.depth)
    let (keys, values) = (step.operands[update.keys], step.operands[update.values])
    let panel = kernels.pointee.panel_columns_f32
    let key = item(index, of: keys)
    expand(key, stride: keys.rowStride, size, update.queries, scale: update.scale, to: rows)
    kernels.pointee.pack_f32(
      rows, depth, 1, size.columns, depth, 0, (size.columns + panel - 1) / panel,
      shared + layout.keys)
    addBias(
      update.queryBias.map { pointer(step.operands[$0]) }, keys: key, keys.rowStride, size,
      scale: update.scale, to: shared + layout.bias)

    let width = update.output.columns
    rows.update(repeating: 0, count: size.columns * width)
    for head in 0..<size.heads {
      multiply(
        item(index, of: values) + head * size.headDepth, values.rowStride, by: update.output,
        head: head, rows: size.tokens, to: rows + head * width, size.heads * width)
    }
    kernels.pointee.pack_f32(
      rows, 1, width, width, size.columns, 0, (width + panel - 1) / panel, shared + layout.values)
  }

  /// Columns that fill up the last vectors get no weight.
  private func addBias(
    _ bias: UnsafePointer<Float>?, keys: UnsafePointer<Float>, _ stride: Int, _ size: TokenSizes,
    scale: Float, to columns: UnsafeMutablePointer<Float>
  ) {
    columns.update(repeating: -.infinity, count: size.columns)
    for token in 0..<size.tokens {
      for head in 0..<size.heads {
        var sum: Float = 0
        if let bias {
          for channel in (head * size.headDepth)..<((head + 1) * size.headDepth) {
            sum += bias[channel] * keys[token * stride + channel]
          }
        }
        columns[token * size.heads + head] = sum * scale
      }
    }
  }

  private func update(
    _ update: ImageToTokenAttention, _ step: Step, item index: Int, _ range: Range<Int>,
    _ layout: UpdateLayout, _ shared: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let size = update.size
    let (scores, coded) = (scratch, scratch + TokenSizes.tileCells * size.columns)
    let queries = cellRows(update.queries, step, item: index, range, scratch: coded)
    score(
      queries, rows: range.count, depth: update.queries.depth, shared + layout.keys,
      bias: shared + layout.bias, columns: size.columns, to: scores)
    kernels.pointee.softmax_groups_f32(
      scores, size.columns, range.count, size.columns, size.heads)

    let width = update.output.columns
    let output = target(step) + (index * size.cells + range.lowerBound) * width
    var task = sam2_gemm_f32()
    (task.a, task.lda) = (UnsafePointer(scores), size.columns)
    task.packed = UnsafeRawPointer(shared + layout.values)
    (task.c, task.ldc) = (output, width)
    task.bias = update.outputBias.map { pointer(step.operands[$0]) }
    if let residual = update.residual.map({ step.operands[$0] }) {
      task.residual = item(index, of: residual) + range.lowerBound * residual.rowStride
      task.ldr = residual.rowStride
    }
    (task.rows, task.columns, task.depth) = (range.count, width, size.columns)
    kernels.pointee.gemm_f32(&task)
    guard let norm = update.norm else { return }
    kernels.pointee.layer_norm_f32(
      output, width, output, width, range.count, width, pointer(step.operands[norm.weight]),
      pointer(step.operands[norm.bias]), norm.epsilon)
  }
}

/// Layout of the scratch of an image that attends to tokens.
private struct UpdateLayout {
  /// Places of the packed keys, the scores' bias and the packed values in an item's floats.
  let keys = 0
  let bias: Int
  let values: Int
  let itemFloats: Int
  /// Of a thread: scores and coded cells of a tile, or rows before they are packed.
  let threadFloats: Int

  init(_ update: ImageToTokenAttention, _ executor: Executor) {
    let (size, width) = (update.size, update.output.columns)
    bias = executor.paddedPanelFloats(columns: size.columns, depth: update.queries.depth)
    values = bias + aligned(size.columns, to: 16)
    itemFloats = values + executor.paddedPanelFloats(columns: width, depth: size.columns)
    threadFloats = max(
      TokenSizes.tileCells * (size.columns + update.queries.depth),
      size.columns * max(width, update.queries.depth))
  }
}
