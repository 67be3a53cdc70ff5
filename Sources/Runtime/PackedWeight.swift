internal import CKernels

/// A weight in the layout of the kernels in use.
///
/// Made once, when the first plan needs it.
final class PackedWeight {
  enum Layout {
    /// Panels for `gemm_f32`.
    case panels
    /// Panels for `gemm_u8s8`, with `columnScale` and `columnSum`.
    case quantizedPanels
    /// [kernel * kernel, channels] for the depthwise convolution.
    case taps
    /// Rows for `axial_s8`, turned for each column and row of a grid.
    case axialRows
  }

  let layout: Layout
  let columns: Int
  let depth: Int
  let memory: AlignedMemory
  /// Bias in the order of the columns, when packing changes it; else nil.
  var bias: AlignedMemory?
  var columnScale: AlignedMemory?
  var columnSum: AlignedMemory?

  init(layout: Layout, columns: Int, depth: Int, memory: AlignedMemory) {
    self.layout = layout
    self.columns = columns
    self.depth = depth
    self.memory = memory
  }
}

/// Packing, by operator.
///
/// Sources are row-major float32 in PyTorch's layouts.
struct WeightPacker {
  let kernels: UnsafePointer<sam2_kernels>
  let pool: ThreadPool
  /// Where packed weights lie: hundreds of them, together.
  let slab = MemorySlab()

  init(kernels: UnsafePointer<sam2_kernels>, pool: ThreadPool) {
    (self.kernels, self.pool) = (kernels, pool)
  }

  /// Width of the float kernels' vectors.
  var lanes: Int { kernels.pointee.panel_columns_f32 / 2 }

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

  /// Floats of a packed [columns, depth] matrix.
  func panelFloats(columns: Int, depth: Int) -> Int {
    let panel = kernels.pointee.panel_columns_f32
    return (columns + panel - 1) / panel * panel * depth
  }

  /// weight [columns, depth].
  func linear(_ weight: UnsafePointer<Float>, columns: Int, depth: Int) -> PackedWeight {
    let memory = slab.take(panelFloats(columns: columns, depth: depth) * 4)
    let panel = kernels.pointee.panel_columns_f32
    forPanels(columns: columns, panel: panel, bytesPerColumn: depth * 4) { panels in
      kernels.pointee.pack_f32(
        weight, depth, 1, columns, depth, panels.lowerBound, panels.upperBound, memory.floats)
    }
    return PackedWeight(layout: .panels, columns: columns, depth: depth, memory: memory)
  }

  /// weight [outputs, channels, kernel, kernel] to depth order (ky, kx, channel), as im2col writes.
  func convolution(
    _ weight: UnsafePointer<Float>, outputs: Int, channels: Int, kernel: Int
  ) -> PackedWeight {
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

  /// weight [channels, 1, kernel, kernel] to [kernel * kernel, channels].
  func depthwise(_ weight: UnsafePointer<Float>, channels: Int, kernel: Int) -> PackedWeight {
    let area = kernel * kernel
    let memory = slab.take(channels * area * 4)
    for c in 0..<channels {
      for t in 0..<area { memory.floats[t * channels + c] = weight[c * area + t] }
    }
    return PackedWeight(layout: .taps, columns: channels, depth: area, memory: memory)
  }

  /// weight [channels, outputs, stride, stride]: a matrix with one column per (dy, dx, output),
  /// and the bias [outputs] repeated to match.
  func transposedConvolution(
    _ weight: UnsafePointer<Float>, bias: UnsafePointer<Float>, channels: Int, outputs: Int,
    stride: Int
  ) -> PackedWeight {
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
    let packed = linear(reordered.floats, columns: columns, depth: channels)
    packed.bias = repeated
    return packed
  }

  /// weight int8 [columns, depth], scale [columns].
  func quantized(
    _ weight: UnsafePointer<Int8>, scale: UnsafePointer<Float>, columns: Int, depth: Int
  ) -> PackedWeight {
    let panel = kernels.pointee.panel_columns_s8
    let multiple = kernels.pointee.depth_multiple_s8
    let padded = (depth + multiple - 1) / multiple * multiple
    let packed = PackedWeight(
      layout: .quantizedPanels, columns: columns, depth: depth,
      memory: slab.take((columns + panel - 1) / panel * panel * padded))
    let sums = slab.take(columns * 4)
    forPanels(columns: columns, panel: panel, bytesPerColumn: depth) { panels in
      let first = panels.lowerBound * panel
      let part = first..<min(columns, panels.upperBound * panel)
      kernels.pointee.pack_s8(
        weight + first * depth, part.count, depth,
        (packed.memory.base + first * padded).assumingMemoryBound(to: Int8.self))
      for column in part {
        var sum: Int32 = 0
        for k in 0..<depth { sum &+= Int32(weight[column &* depth &+ k]) }
        sums.base.storeBytes(of: sum, toByteOffset: column * 4, as: Int32.self)
      }
    }
    let scales = slab.take(columns * 4)
    scales.floats.update(from: scale, count: columns)
    packed.columnSum = sums
    packed.columnScale = scales
    return packed
  }
}
