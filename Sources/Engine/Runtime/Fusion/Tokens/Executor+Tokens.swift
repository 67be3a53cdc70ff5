internal import CKernels
internal import Graph

// Attention between tokens and cells: common to both directions.

extension Executor {
  func run(_ attention: TokenAttention, _ step: Step) {
    switch attention {
    case .tokensToImage(let attention): run(attention, step)
    case .imageToTokens(let attention): run(attention, step)
    }
  }

  /// Floats of a [columns, depth] matrix packed as the right side of a product, padded to whole
  /// cache lines.
  func paddedPanelFloats(columns: Int, depth: Int) -> Int {
    let panel = kernels.pointee.panel_columns_f32
    return aligned(aligned(columns, to: panel) * depth, to: 16)
  }

  /// Item of a batch; an operand of one item serves all.
  func item(_ index: Int, of view: View) -> UnsafePointer<Float> {
    pointer(view) + (view.shape[0] == 1 ? 0 : index * view.itemStride)
  }

  /// The factors of cells for the scores: rows [columns, depth], one for each head of a token,
  /// times `scale`; rows that pad the last vectors are zero.
  func expand(
    _ tokens: UnsafePointer<Float>, stride: Int, _ size: TokenSizes, _ cells: CellRows,
    scale: Float, to rows: UnsafeMutablePointer<Float>
  ) {
    let count = size.columns * cells.depth
    rows.update(repeating: 0, count: count)
    for head in 0..<size.heads {
      switch cells.projection {
      case .none:
        for token in 0..<size.tokens {
          let to = rows + (token * size.heads + head) * cells.depth + head * size.headDepth
          to.update(from: tokens + token * stride + head * size.headDepth, count: size.headDepth)
        }
      case .heads(let projection):
        multiply(
          tokens + head * size.headDepth, stride, by: projection, head: head, rows: size.tokens,
          to: rows + head * cells.depth, size.heads * cells.depth)
      }
    }
    kernels.pointee.affine_f32(rows, rows, count, scale, 0)
  }

  /// `rows` rows times one head's part of a projection.
  func multiply(
    _ a: UnsafePointer<Float>, _ stride: Int, by projection: PackedHeads, head: Int, rows: Int,
    bias: UnsafePointer<Float>? = nil, to c: UnsafeMutablePointer<Float>, _ resultStride: Int
  ) {
    var task = sam2_gemm_f32()
    (task.a, task.lda) = (a, stride)
    task.packed = UnsafeRawPointer(projection.panels(ofHead: head))
    (task.c, task.ldc, task.bias) = (c, resultStride, bias)
    (task.rows, task.columns, task.depth) = (rows, projection.columns, projection.depth)
    kernels.pointee.gemm_f32(&task)
  }

  /// Rows of cells with their positions: in place, or in `scratch`.
  func cellRows(
    _ cells: CellRows, _ step: Step, item index: Int, _ range: Range<Int>,
    scratch: UnsafeMutablePointer<Float>
  ) -> (start: UnsafePointer<Float>, stride: Int) {
    let view = step.operands[cells.source]
    let start = item(index, of: view) + range.lowerBound * view.rowStride
    guard let position = cells.position.map({ step.operands[$0] }) else {
      return (start, view.rowStride)
    }
    let added = item(index, of: position) + range.lowerBound * position.rowStride
    if view.isContiguous, position.isContiguous {
      kernels.pointee.add_f32(start, added, scratch, range.count * cells.depth)
    } else {
      for row in 0..<range.count {
        kernels.pointee.add_f32(
          start + row * view.rowStride, added + row * position.rowStride,
          scratch + row * cells.depth, cells.depth)
      }
    }
    return (UnsafePointer(scratch), cells.depth)
  }

  /// Products of `rows` cells with packed columns.
  func score(
    _ cells: (start: UnsafePointer<Float>, stride: Int), rows: Int, depth: Int,
    _ packed: UnsafePointer<Float>, bias: UnsafePointer<Float>?, columns: Int,
    to scores: UnsafeMutablePointer<Float>
  ) {
    var task = sam2_gemm_f32()
    (task.a, task.lda) = (cells.start, cells.stride)
    (task.packed, task.bias) = (UnsafeRawPointer(packed), bias)
    (task.c, task.ldc) = (scores, columns)
    (task.rows, task.columns, task.depth) = (rows, columns, depth)
    kernels.pointee.gemm_f32(&task)
  }
}
