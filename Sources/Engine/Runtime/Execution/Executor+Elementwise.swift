internal import CKernels
internal import Graph

// Operators on rows or single elements. Their operands are contiguous unless they read row strides:
// `Step.check` makes sure.

extension Executor {
  /// Elements of a task that only moves or touches memory.
  static var elementGrain: Int { 32_768 }

  func layerNorm(_ step: Step, _ epsilon: Float) {
    let x = step.operands[0]
    let columns = x.columns
    let (source, output) = (pointer(x), target(step))
    let (weight, bias) = (pointer(step.operands[1]), pointer(step.operands[2]))
    let kernel = kernels.pointee.layer_norm_f32
    forRows(x.rows, grain: Self.elementGrain / max(1, columns)) { rows, _ in
      kernel?(
        source + rows.lowerBound * x.rowStride, x.rowStride, output + rows.lowerBound * columns,
        columns, rows.count, columns, weight, bias, epsilon)
    }
  }

  /// Statistics become one factor and one summand per channel, shared by all rows.
  func batchNorm(_ step: Step, _ epsilon: Float) {
    let x = step.operands[0]
    let columns = x.columns
    let (source, output) = (pointer(x), target(step))
    let (weight, bias) = (pointer(step.operands[1]), pointer(step.operands[2]))
    let (mean, variance) = (pointer(step.operands[3]), pointer(step.operands[4]))
    let scale = sharedScratch(byteCount: 2 * columns * 4).assumingMemoryBound(to: Float.self)
    let shift = scale + columns
    for channel in 0..<columns {
      scale[channel] = weight[channel] / (variance[channel] + epsilon).squareRoot()
      shift[channel] = bias[channel] - mean[channel] * scale[channel]
    }
    let kernel = kernels.pointee.scale_rows_f32
    forRows(x.rows, grain: Self.elementGrain / max(1, columns)) { rows, _ in
      kernel?(
        source + rows.lowerBound * x.rowStride, x.rowStride, output + rows.lowerBound * columns,
        columns, rows.count, columns, scale, shift)
    }
  }

  /// x [N, ...] holds integers as floats, as the constant pool converts them.
  func dequantize(_ step: Step) {
    let (source, output) = (pointer(step.operands[0]), target(step))
    let scale = pointer(step.operands[1])
    let rows = step.operands[1].elementCount
    let columns = step.result.elementCount / max(1, rows)
    let kernel = kernels.pointee.affine_f32
    forRows(rows, grain: Self.elementGrain / max(1, columns)) { range, _ in
      for row in range {
        kernel?(source + row * columns, output + row * columns, columns, scale[row], 0)
      }
    }
  }

  func activate(_ step: Step, _ kind: Activation) {
    let (source, output) = (pointer(step.operands[0]), target(step))
    let kernel = kernels.pointee.activate_f32
    forRows(step.result.elementCount, grain: Self.elementGrain) { range, _ in
      kernel?(
        source + range.lowerBound, output + range.lowerBound, range.count, kind.kernel)
    }
  }

  func affine(_ step: Step, _ scale: Float, _ offset: Float) {
    let (source, output) = (pointer(step.operands[0]), target(step))
    let kernel = kernels.pointee.affine_f32
    forRows(step.result.elementCount, grain: Self.elementGrain) { range, _ in
      kernel?(source + range.lowerBound, output + range.lowerBound, range.count, scale, offset)
    }
  }

  /// x [B, N, C]; tokens from `rotated` on are copied.
  func rotatePairs(_ step: Step, rotated: Int) {
    let x = step.operands[0]
    let (batch, tokens, columns) = (x.shape[0], x.shape[1], x.shape[2])
    let tableRows = step.operands[1].shape[0]
    let (source, output) = (pointer(x), target(step))
    let (cosine, sine) = (pointer(step.operands[1]), pointer(step.operands[2]))
    let kernel = kernels.pointee.rotate_pairs_f32
    let grain = max(1, Self.elementGrain / max(1, columns))
    let tasks = (tokens + grain - 1) / grain
    pool.run(batch * tasks) { task, _ in
      let (item, first) = (task / tasks, task % tasks * grain)
      let last = min(tokens, first + grain)
      let from = source + item * tokens * x.rowStride
      let to = output + item * tokens * columns
      let end = min(last, max(first, rotated))
      kernel?(
        from + first * x.rowStride, x.rowStride, to + first * columns, columns, end - first,
        columns, cosine, sine, tableRows, first)
      for row in end..<last {
        (to + row * columns).update(from: from + row * x.rowStride, count: columns)
      }
    }
  }

  /// a (+ or *) b with right-aligned broadcasting.
  func combine(_ step: Step, _ combination: Combination, _ loop: BroadcastLoop) {
    let (a, b) = (pointer(step.operands[0]), pointer(step.operands[1]))
    let output = target(step)
    let table = kernels.pointee
    let whole = combination == .add ? table.add_f32 : table.multiply_f32
    let grain = loop.outerCount == 1 ? 1 : max(1, Self.elementGrain / max(1, loop.innerCount))
    if loop.outerCount == 1, loop.inner == .both {
      forRows(loop.innerCount, grain: Self.elementGrain) { range, _ in
        let first = range.lowerBound
        whole?(a + first, b + first, output + first, range.count)
      }
      return
    }
    forRows(loop.outerCount, grain: grain) { range, _ in
      for outer in range {
        let (offsetA, offsetB) = loop.offsets(outer)
        let out = output + outer * loop.innerCount
        switch loop.inner {
        case .both: whole?(a + offsetA, b + offsetB, out, loop.innerCount)
        case .scalarB: scalar(combination, a + offsetA, b[offsetB], out, loop.innerCount)
        case .scalarA: scalar(combination, b + offsetB, a[offsetA], out, loop.innerCount)
        }
      }
    }
  }

  private func scalar(
    _ combination: Combination, _ x: UnsafePointer<Float>, _ value: Float,
    _ out: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    let kernel = kernels.pointee.affine_f32
    switch combination {
    case .add: kernel?(x, out, count, 1, value)
    case .multiply: kernel?(x, out, count, value, 0)
    }
  }
}
