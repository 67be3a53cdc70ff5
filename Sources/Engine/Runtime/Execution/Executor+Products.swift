internal import CKernels
internal import Graph

// Matrix products. Rows are split between threads; a product with few rows
// is split by panels of columns instead.

extension Executor {
  /// Multiply-accumulates below which a split costs more than it gains.
  private static var smallProduct: Int { 200_000 }

  /// Rows per task: enough to reuse the weights, few enough to balance two threads.
  private func rowGrain(_ rows: Int) -> Int {
    if rows >= 960 { return 240 }
    return max(24, (rows + 3) / 4)
  }

  func linear(_ step: Step, _ p: Linear, _ packed: PackedMatrix) {
    let (x, bias, residual) = productOperands(step, p.hasBias, p.hasResidual)
    var task = sam2_gemm_f32()
    task.a = pointer(x)
    task.lda = x.rowStride
    task.packed = packed.panels
    task.c = target(step)
    task.ldc = packed.columns
    task.bias = bias.map(pointer)
    task.residual = residual.map(pointer)
    task.ldr = residual?.rowStride ?? 0
    task.rows = x.rows
    task.columns = packed.columns
    task.depth = packed.depth
    task.activation = p.activation.kernel
    product(task, packed)
  }

  /// Runs a float product on all threads.
  private func product(_ whole: sam2_gemm_f32, _ packed: PackedMatrix) {
    let (rows, columns, depth) = (whole.rows, whole.columns, whole.depth)
    guard rows > 0, columns > 0 else { return }
    let gemm = products.multiply
    if rows * columns * depth < Self.smallProduct {
      var task = whole
      gemm?(&task)
      return
    }
    if rows >= 48 {
      forRows(rows, grain: rowGrain(rows)) { range, _ in
        var task = whole
        task.a += range.lowerBound * whole.lda
        task.c += range.lowerBound * whole.ldc
        if let residual = whole.residual { task.residual = residual + range.lowerBound * whole.ldr }
        task.rows = range.count
        gemm?(&task)
      }
      return
    }
    // Whole panels, a multiple of four at a time.
    let grain = products.panelColumns * 4
    forRows(columns, grain: grain) { range, _ in
      var task = whole
      task.packed = packed.panels(from: range.lowerBound)
      task.c += range.lowerBound
      if let bias = whole.bias { task.bias = bias + range.lowerBound }
      if let residual = whole.residual { task.residual = residual + range.lowerBound }
      task.columns = range.count
      gemm?(&task)
    }
  }

  /// Quantises each task's rows into the thread's scratch and multiplies them at once: the bytes
  /// are still in the cache, and no barrier separates the two.
  func quantizedLinear(_ step: Step, _ p: Linear, _ packed: PackedInt8Matrix) {
    let (x, bias, residual) = productOperands(step, p.hasBias, p.hasResidual)
    let (depth, columns) = (packed.depth, packed.columns)
    let grain = rowGrain(x.rows)
    let stride = aligned(depth)
    let scaleBytes = aligned(grain * 4)
    reserveThreadScratch(byteCount: grain * stride + 2 * scaleBytes)
    let (source, output) = (pointer(x), target(step))
    let (biasStart, residualStart) = (bias.map(pointer), residual.map(pointer))
    let (quantize, gemm) = (kernels.pointee.quantize_rows_u8, kernels.pointee.gemm_u8s8)
    forRows(x.rows, grain: grain) { range, worker in
      let scratch = threadScratch(worker)
      let bytes = scratch.assumingMemoryBound(to: UInt8.self)
      let rowScale = (scratch + grain * stride).assumingMemoryBound(to: Float.self)
      let rowZero = (scratch + grain * stride + scaleBytes).assumingMemoryBound(to: Int32.self)
      quantize?(
        source + range.lowerBound * x.rowStride, x.rowStride, range.count, depth, bytes, stride,
        rowScale, rowZero)
      var task = sam2_gemm_u8s8()
      task.a = UnsafePointer(bytes)
      task.lda = stride
      task.row_scale = UnsafePointer(rowScale)
      task.row_zero = UnsafePointer(rowZero)
      task.packed = packed.panels
      task.column_scale = packed.scales
      task.column_sum = packed.sums
      task.c = output + range.lowerBound * columns
      task.ldc = columns
      task.bias = biasStart
      task.residual = residualStart.map { $0 + range.lowerBound * (residual?.rowStride ?? 0) }
      task.ldr = residual?.rowStride ?? 0
      task.rows = range.count
      task.columns = columns
      task.depth = depth
      task.activation = p.activation.kernel
      gemm?(&task)
    }
  }

  /// x, then bias and residual if present.
  private func productOperands(
    _ step: Step, _ hasBias: Bool, _ hasResidual: Bool
  ) -> (x: View, bias: View?, residual: View?) {
    let bias = hasBias ? step.operands[1] : nil
    let residual = hasResidual ? step.operands[hasBias ? 2 : 1] : nil
    return (step.operands[0], bias, residual)
  }

  /// a [B, M, K] times b [B, N, K] transposed.
  ///
  /// b is packed by panels, in tasks over its rows.
  func matmulTransposed(_ step: Step) {
    let (a, b) = (step.operands[0], step.operands[1])
    let (batch, rows, depth, columns) = (a.shape[0], a.shape[1], a.shape[2], b.shape[1])
    let panel = kernels.pointee.panel_columns_f32
    let grain = panel * max(1, 4096 / panel)
    reserveThreadScratch(byteCount: (grain + panel) * depth * 4)
    let chunks = (columns + grain - 1) / grain
    let (left, right, output) = (pointer(a), pointer(b), target(step))
    let (pack, gemm) = (kernels.pointee.pack_f32, kernels.pointee.gemm_f32)
    pool.run(batch * chunks) { index, worker in
      let (item, first) = (index / chunks, index % chunks * grain)
      let count = min(grain, columns - first)
      let packed = threadScratch(worker).assumingMemoryBound(to: Float.self)
      pack?(
        right + (item * columns + first) * depth, depth, 1, count, depth, 0,
        (count + panel - 1) / panel, packed)
      var task = sam2_gemm_f32()
      task.a = left + item * rows * depth
      task.lda = depth
      task.packed = UnsafeRawPointer(packed)
      task.c = output + item * rows * columns + first
      task.ldc = columns
      task.rows = rows
      task.columns = count
      task.depth = depth
      gemm?(&task)
    }
  }
}

extension Activation {
  var kernel: sam2_activation {
    switch self {
    case .none: SAM2_ACT_NONE
    case .relu: SAM2_ACT_RELU
    case .gelu: SAM2_ACT_GELU
    case .sigmoid: SAM2_ACT_SIGMOID
    case .quickGelu: SAM2_ACT_QUICK_GELU
    case .elu: SAM2_ACT_ELU
    }
  }
}
