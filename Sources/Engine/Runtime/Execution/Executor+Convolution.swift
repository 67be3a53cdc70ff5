internal import CKernels
internal import Graph

// Convolutions, channels last. A task takes some output rows of one image.

extension Executor {
  /// Gathers the receptive fields of output rows into scratch (im2col, depth order ky, kx, channel)
  /// and multiplies them with the packed weight.
  ///
  /// With `addsResidual` the last operand is added to the result.
  func convolution(
    _ step: Step, _ p: Convolution, _ packed: PackedMatrix, addsResidual: Bool
  ) {
    let x = step.operands[0].shape
    let (outHeight, outWidth) = (step.result.shape[1], step.result.shape[2])
    let depth = packed.depth
    // About 256 output pixels per task.
    let grain = max(1, min(outHeight, 256 / max(1, outWidth)))
    let tasksPerImage = (outHeight + grain - 1) / grain
    reserveThreadScratch(byteCount: grain * outWidth * depth * 4)
    let (source, output) = (pointer(step.operands[0]), target(step))
    let bias = p.hasBias ? pointer(step.operands[1]) : nil
    let residual = addsResidual ? step.operands.last.map(pointer) : nil
    let gemm = products.multiply
    pool.run(x[0] * tasksPerImage) { index, worker in
      let (image, first) = (index / tasksPerImage, index % tasksPerImage * grain)
      let rows = first..<min(outHeight, first + grain)
      let columns = threadScratch(worker).assumingMemoryBound(to: Float.self)
      gatherFields(
        source + image * x[1] * x[2] * x[3], height: x[1], width: x[2], channels: x[3], p,
        outRows: rows, outWidth: outWidth, to: columns)
      var task = sam2_gemm_f32()
      task.a = UnsafePointer(columns)
      task.lda = depth
      task.packed = packed.panels
      let place = (image * outHeight + first) * outWidth * packed.columns
      task.c = output + place
      task.ldc = packed.columns
      task.bias = bias
      task.residual = residual.map { $0 + place }
      task.ldr = packed.columns
      task.rows = rows.count * outWidth
      task.columns = packed.columns
      task.depth = depth
      gemm?(&task)
    }
  }

  private func gatherFields(
    _ image: UnsafePointer<Float>, height: Int, width: Int, channels: Int, _ p: Convolution,
    outRows: Range<Int>, outWidth: Int, to target: UnsafeMutablePointer<Float>
  ) {
    var out = target
    for oy in outRows {
      let top = oy * p.stride - p.padding
      for ox in 0..<outWidth {
        let left = ox * p.stride - p.padding
        if top >= 0, top + p.kernel <= height, left >= 0, left + p.kernel <= width {
          copyField(
            image + (top * width + left) * channels, rowLength: width * channels,
            run: p.kernel * channels, kernel: p.kernel, to: out)
        } else {
          gatherBorderField(
            image, height: height, width: width, channels: channels, kernel: p.kernel, top: top,
            left: left, to: out)
        }
        out += p.kernel * p.kernel * channels
      }
    }
  }

  /// A field inside the image: `kernel` runs, `rowLength` apart.
  @inline(__always)
  private func copyField(
    _ source: UnsafePointer<Float>, rowLength: Int, run: Int, kernel: Int,
    to target: UnsafeMutablePointer<Float>
  ) {
    for ky in 0..<kernel {
      let (from, to) = (source + ky &* rowLength, target + ky &* run)
      guard run < Self.shortRun else {
        to.update(from: from, count: run)
        continue
      }
      // `memcpy` is slower for runs this short.
      for i in 0..<run { to[i] = from[i] }
    }
  }

  private static var shortRun: Int { 8 }

  /// A field that may be partly outside the image, where it is zero.
  private func gatherBorderField(
    _ image: UnsafePointer<Float>, height: Int, width: Int, channels: Int, kernel: Int, top: Int,
    left: Int, to target: UnsafeMutablePointer<Float>
  ) {
    // Columns of the kernel inside the image; the rest is zero.
    let inside = max(0, -left)..<max(max(0, -left), min(kernel, width - left))
    for ky in 0..<kernel {
      let y = top + ky
      let row = target + ky * kernel * channels
      guard y >= 0, y < height, !inside.isEmpty else {
        row.update(repeating: 0, count: kernel * channels)
        continue
      }
      row.update(repeating: 0, count: inside.lowerBound * channels)
      (row + inside.lowerBound * channels).update(
        from: image + (y * width + left + inside.lowerBound) * channels,
        count: inside.count * channels)
      (row + inside.upperBound * channels).update(
        repeating: 0, count: (kernel - inside.upperBound) * channels)
    }
  }

  func depthwiseConvolution(_ step: Step, _ p: Convolution, _ taps: PackedTaps) {
    let x = step.operands[0].shape
    let (outHeight, outWidth) = (step.result.shape[1], step.result.shape[2])
    let grain = 4
    let tasksPerImage = (outHeight + grain - 1) / grain
    let (source, output) = (pointer(step.operands[0]), target(step))
    let bias = p.hasBias ? pointer(step.operands[1]) : nil
    let kernel = kernels.pointee.depthwise_conv_f32
    pool.run(x[0] * tasksPerImage) { index, _ in
      let (image, first) = (index / tasksPerImage, index % tasksPerImage * grain)
      kernel?(
        source + image * x[1] * x[2] * x[3], x[1], x[2], x[3],
        taps.floats, bias, p.kernel, p.stride, p.padding,
        output + image * outHeight * outWidth * x[3], first, min(outHeight, first + grain))
    }
  }

  /// Kernel equals stride, so every input pixel becomes its own cell: one product, then a scatter.
  func transposedConvolution(_ step: Step, _ packed: PackedCells) {
    let x = step.operands[0].shape
    let (height, width, channels) = (x[1], x[2], x[3])
    let grain = max(1, min(height, 256 / max(1, width)))
    let tasksPerImage = (height + grain - 1) / grain
    reserveThreadScratch(byteCount: grain * width * packed.columns * 4)
    let (source, output) = (pointer(step.operands[0]), target(step))
    let gemm = products.multiply
    pool.run(x[0] * tasksPerImage) { index, worker in
      let (image, first) = (index / tasksPerImage, index % tasksPerImage * grain)
      let rows = min(grain, height - first)
      let cells = threadScratch(worker).assumingMemoryBound(to: Float.self)
      var task = sam2_gemm_f32()
      task.a = source + (image * height + first) * width * channels
      task.lda = channels
      task.packed = packed.matrix.panels
      task.c = cells
      task.ldc = packed.columns
      task.bias = packed.bias
      task.rows = rows * width
      task.columns = packed.columns
      task.depth = channels
      gemm?(&task)
      scatterCells(
        UnsafePointer(cells), packed, firstRow: image * height + first, rows: rows, width: width,
        to: output)
    }
  }

  /// Writes cells [rows, width, dy, dx, outputs] to rows of a map [rows * dy, width * dx, outputs],
  /// from the cells of row `firstRow` on.
  func scatterCells(
    _ cells: UnsafePointer<Float>, _ packed: PackedCells, firstRow: Int, rows: Int, width: Int,
    to output: UnsafeMutablePointer<Float>
  ) {
    let run = packed.columns / packed.stride
    for pixel in 0..<(rows * width) {
      let (y, x) = (firstRow + pixel / width, pixel % width)
      for dy in 0..<packed.stride {
        (output + ((y * packed.stride + dy) * width + x) * run).update(
          from: cells + pixel * packed.columns + dy * run, count: run)
      }
    }
  }
}
