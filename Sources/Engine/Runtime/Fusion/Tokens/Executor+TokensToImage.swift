internal import CKernels
internal import Glibc
internal import Graph

// Tokens attend to cells: tasks are chunks of cells, each with a softmax of its own, which are joined
// in order at the end (as in flash decoding).

extension Executor {
  func run(_ reading: TokenToImageAttention, _ step: Step) {
    let (size, batch) = (reading.size, step.result.shape[0])
    let layout = ReadingLayout(reading, self)
    let shared = sharedScratch(byteCount: batch * layout.itemFloats * 4)
      .assumingMemoryBound(to: Float.self)
    reserveThreadScratch(byteCount: layout.threadFloats * 4)
    pool.run(batch) { index, worker in
      let query = step.operands[0]
      let rows = threadScratch(worker).assumingMemoryBound(to: Float.self)
      let depth = reading.keys.depth
      expand(
        item(index, of: query), stride: query.rowStride, size, reading.keys, scale: reading.scale,
        to: rows)
      let panel = kernels.pointee.panel_columns_f32
      kernels.pointee.pack_f32(
        rows, depth, 1, size.columns, depth, 0, (size.columns + panel - 1) / panel,
        shared + index * layout.itemFloats)
    }
    pool.run(batch * size.chunks) { task, worker in
      let (index, chunk) = (task / size.chunks, task % size.chunks)
      let start = shared + index * layout.itemFloats
      read(
        reading, step, item: index, chunk: chunk, packed: start,
        layout.part(chunk, of: start),
        scratch: threadScratch(worker).assumingMemoryBound(to: Float.self))
    }
    pool.run(batch) { index, _ in
      join(reading, step, item: index, layout, shared + index * layout.itemFloats)
    }
  }

  private func read(
    _ reading: TokenToImageAttention, _ step: Step, item index: Int, chunk: Int,
    packed: UnsafePointer<Float>, _ part: ReadingPart, scratch: UnsafeMutablePointer<Float>
  ) {
    let size = reading.size
    let (columns, depth) = (size.columns, reading.values.depth)
    part.maximum.update(repeating: -.infinity, count: columns)
    part.total.update(repeating: 0, count: columns)
    part.sums.update(repeating: 0, count: columns * depth)
    let (factor, scores) = (scratch, scratch + columns)
    let coded = scores + TokenSizes.tileCells * columns
    let last = min(size.cells, (chunk + 1) * TokenSizes.chunkCells)
    for first in stride(from: chunk * TokenSizes.chunkCells, to: last, by: TokenSizes.tileCells) {
      let range = first..<min(last, first + TokenSizes.tileCells)
      let keys = cellRows(reading.keys, step, item: index, range, scratch: coded)
      score(
        keys, rows: range.count, depth: reading.keys.depth, packed, bias: nil, columns: columns,
        to: scores)
      kernels.pointee.softmax_columns_f32(
        scores, columns, range.count, columns, part.maximum, part.total, factor)
      let rows = cellRows(
        reading.values, step, item: index, range, scratch: coded)
      kernels.pointee.add_outer_f32(
        scores, columns, rows.start, rows.stride, part.sums, depth, columns, depth, range.count,
        factor)
    }
  }

  /// Brings the chunks to one maximum, adds them up in the first, and projects the sums.
  private func join(
    _ reading: TokenToImageAttention, _ step: Step, item index: Int, _ layout: ReadingLayout,
    _ start: UnsafeMutablePointer<Float>
  ) {
    let (size, depth) = (reading.size, reading.values.depth)
    let parts = (0..<size.chunks).lazy.map { layout.part($0, of: start) }
    let sums = layout.part(0, of: start).sums
    for column in 0..<(size.heads * size.tokens) {
      let top = parts.reduce(-Float.infinity) { max($0, $1.maximum[column]) }
      let total = parts.reduce(Float(0)) { $0 + expf($1.maximum[column] - top) * $1.total[column] }
      let row = sums + column * depth
      for (chunk, part) in parts.enumerated() {
        let share = expf(part.maximum[column] - top) / total
        kernels.pointee.blend_rows_f32(
          part.sums + column * depth, row, share, chunk == 0 ? 0 : 1, row, depth)
      }
    }
    let width = size.heads * size.headDepth
    let output = target(step) + index * size.tokens * width
    for head in 0..<size.heads {
      let first = head * size.headDepth
      switch reading.values.projection {
      case .none:
        for token in 0..<size.tokens {
          (output + token * width + first).update(
            from: sums + (token * size.heads + head) * depth + first, count: size.headDepth)
        }
      case .heads(let projection):
        multiply(
          sums + head * depth, size.heads * depth, by: projection, head: head, rows: size.tokens,
          bias: reading.valueBias.map { pointer(step.operands[$0]) + first }, to: output + first,
          width)
      }
    }
  }
}

/// Softmax over a chunk of cells: the largest score of each column, the sum of the weights, and the
/// weighted sums of the values.
private struct ReadingPart {
  let maximum: UnsafeMutablePointer<Float>
  let total: UnsafeMutablePointer<Float>
  /// [columns, depth].
  let sums: UnsafeMutablePointer<Float>
}

/// Layout of the scratch of tokens that attend to an image.
private struct ReadingLayout {
  /// Of one item of the batch: packed queries, then the parts.
  let itemFloats: Int
  /// Of a thread: factors, scores and coded cells of a tile, or queries before they are packed.
  let threadFloats: Int
  private let columns: Int
  private let packedFloats: Int
  private let partFloats: Int

  init(_ reading: TokenToImageAttention, _ executor: Executor) {
    let size = reading.size
    columns = size.columns
    packedFloats = executor.paddedPanelFloats(columns: columns, depth: reading.keys.depth)
    partFloats = aligned(columns * (reading.values.depth + 2), to: 16)
    itemFloats = packedFloats + size.chunks * partFloats
    let depth = max(reading.keys.depth, reading.values.depth)
    threadFloats = max(
      columns * (TokenSizes.tileCells + 1) + TokenSizes.tileCells * depth,
      columns * reading.keys.depth)
  }

  func part(_ chunk: Int, of start: UnsafeMutablePointer<Float>) -> ReadingPart {
    let base = start + packedFloats + chunk * partFloats
    return ReadingPart(maximum: base, total: base + columns, sums: base + 2 * columns)
  }
}
