internal import CKernels

/// Packs weights, by operator.
///
/// Sources are row-major float32 in PyTorch's layouts.
struct WeightPacker {
  let kernels: UnsafePointer<sam2_kernels>
  let floats: FloatKernels
  let pool: ThreadPool
  /// Holds all packed weights of a program: hundreds of them, side by side.
  let slab: MemorySlab

  /// Bytes of weights that a task packs.
  private static var taskBytes: Int { 65_536 }

  /// Calls `body` with ranges of panels, on all threads.
  private func forPanels(
    columns: Int, panel: Int, bytesPerColumn: Int, _ body: (Range<Int>) -> Void
  ) {
    let panels = (columns + panel - 1) / panel
    let grain = max(1, Self.taskBytes / max(1, panel * bytesPerColumn))
    pool.run((panels + grain - 1) / grain) { task, _ in
      body((task * grain)..<min(panels, (task + 1) * grain))
    }
  }

  /// Weight [columns, depth].
  func linear(_ weight: UnsafePointer<Float>, columns: Int, depth: Int) -> PackedMatrix {
    let memory = slab.take(floats.byteCount(columns: columns, depth: depth))
    forPanels(columns: columns, panel: floats.panelColumns, bytesPerColumn: depth * 4) { panels in
      floats.pack(
        weight, stride: depth, columns: columns, depth: depth, panels: panels, to: memory.base)
    }
    return PackedMatrix(
      columns: columns, depth: depth, bytesPerColumn: floats.bytesPerColumn(depth: depth),
      memory: memory)
  }

  /// Weight [outputs, channels, kernel, kernel] to depth order (ky, kx, channel), as im2col writes.
  func convolution(
    _ weight: UnsafePointer<Float>, outputs: Int, channels: Int, kernel: Int
  ) -> PackedMatrix {
    let area = kernel * kernel
    let depth = area * channels
    let reordered = AlignedMemory(byteCount: outputs * depth * 4)
    for o in 0..<outputs {
      for c in 0..<channels {
        for t in 0..<area {
          reordered.floats[o * depth + t * channels + c] = weight[(o * channels + c) * area + t]
        }
      }
    }
    return linear(reordered.floats, columns: outputs, depth: depth)
  }

  /// Weight [channels, 1, kernel, kernel] to [kernel * kernel, channels].
  func depthwise(_ weight: UnsafePointer<Float>, channels: Int, kernel: Int) -> PackedTaps {
    let area = kernel * kernel
    let memory = slab.take(channels * area * 4)
    for c in 0..<channels {
      for t in 0..<area { memory.floats[t * channels + c] = weight[c * area + t] }
    }
    return PackedTaps(channels: channels, area: area, memory: memory)
  }

  /// Weight [channels, outputs, stride, stride] and bias [outputs].
  func transposedConvolution(
    _ weight: UnsafePointer<Float>, bias: UnsafePointer<Float>, channels: Int, outputs: Int,
    stride: Int
  ) -> PackedCells {
    let area = stride * stride
    let columns = area * outputs
    let reordered = AlignedMemory(byteCount: columns * channels * 4)
    let repeated = slab.take(columns * 4)
    for t in 0..<area {
      for o in 0..<outputs {
        repeated.floats[t * outputs + o] = bias[o]
        for c in 0..<channels {
          reordered.floats[(t * outputs + o) * channels + c] =
            weight[(c * outputs + o) * area + t]
        }
      }
    }
    return PackedCells(
      matrix: linear(reordered.floats, columns: columns, depth: channels), stride: stride,
      bias: repeated)
  }

  /// Weight int8 [columns, depth], scale [columns].
  func int8(
    _ weight: UnsafePointer<Int8>, scale: UnsafePointer<Float>, columns: Int, depth: Int
  ) -> PackedInt8Matrix {
    let panel = kernels.pointee.panel_columns_s8
    let multiple = kernels.pointee.depth_multiple_s8
    let padded = (depth + multiple - 1) / multiple * multiple
    let memory = slab.take((columns + panel - 1) / panel * panel * padded)
    let sums = slab.take(columns * 4)
    forPanels(columns: columns, panel: panel, bytesPerColumn: depth) { panels in
      let first = panels.lowerBound * panel
      let part = first..<min(columns, panels.upperBound * panel)
      kernels.pointee.pack_s8(
        weight + first * depth, part.count, depth,
        (memory.base + first * padded).assumingMemoryBound(to: Int8.self))
      for column in part {
        var sum: Int32 = 0
        for k in 0..<depth { sum &+= Int32(weight[column &* depth &+ k]) }
        sums.integers[column] = sum
      }
    }
    let scales = slab.take(columns * 4)
    scales.floats.update(from: scale, count: columns)
    return PackedInt8Matrix(
      columns: columns, depth: depth, memory: memory, columnScale: scales, columnSum: sums)
  }
}
