internal import CKernels
internal import Graph

// Image chains: tasks are rows of one image, and a task takes its rows through the whole chain.

extension Executor {
  func run(_ chain: ImageChain, _ step: Step) {
    let rows = chain.rowsPerTask
    let tasks = (chain.height + rows - 1) / rows
    // One map, the next one, and space to pack or transpose a map; packing fills the last panel.
    let panel = kernels.pointee.panel_columns_f32
    let floats = aligned(chain.largestMap(rows: rows) + panel * chain.maximumChannels, to: 16)
    reserveThreadScratch(byteCount: 3 * floats * 4)
    pool.run(step.operands[0].shape[0] * tasks) { index, worker in
      let first = index % tasks * rows
      let scratch = threadScratch(worker).assumingMemoryBound(to: Float.self)
      run(
        chain, step, image: index / tasks, rows: first..<min(chain.height, first + rows),
        ChainMaps(current: scratch, next: scratch + floats, spare: scratch + 2 * floats))
    }
  }

  private func run(
    _ chain: ImageChain, _ step: Step, image: Int, rows: Range<Int>, _ maps: ChainMaps
  ) {
    var maps = maps
    var map = ImageBlock(
      firstRow: rows.lowerBound, rows: rows.count, height: chain.height, width: chain.width,
      channels: chain.channels)
    let x = step.operands[0]
    var input = pointer(x) + (image * chain.height + rows.lowerBound) * chain.width * chain.channels
    for link in chain.links {
      switch link {
      case .transposedConvolution(let packed):
        convolve(input, map, packed, to: maps.next, spare: maps.spare)
        maps.swapMaps()
        map = map.enlarged(packed.stride, channels: packed.outputs)
      case .add(let position):
        let other = step.operands[position]
        let item = other.shape[0] == 1 ? 0 : image
        kernels.pointee.add_f32(
          input, pointer(other) + (item * map.height + map.firstRow) * map.rowFloats, maps.current,
          map.floats)
      case .norm(let norm):
        normalise(
          norm, step, input, map.channels, map.pixels, map.channels, to: maps.current)
      case .activate(let kind):
        kernels.pointee.activate_f32(input, maps.current, map.floats, kind.kernel)
      case .filter(let position):
        filter(input, map, step, step.operands[position], image: image, packed: maps.spare)
        return
      }
      input = UnsafePointer(maps.current)
    }
    let output = target(step) + (image * map.height + map.firstRow) * map.rowFloats
    output.update(from: input, count: map.floats)
  }

  /// Every pixel becomes a cell of stride x stride.
  ///
  /// For one row and dy the parts of the cells are as adjacent in the result as they are in the
  /// product: where such a part is whole panels of weights, it is a product of its own, otherwise
  /// cells are copied.
  private func convolve(
    _ input: UnsafePointer<Float>, _ map: ImageBlock, _ packed: PackedCells,
    to output: UnsafeMutablePointer<Float>, spare: UnsafeMutablePointer<Float>
  ) {
    let stride = packed.stride
    let part = packed.columns / stride
    var task = sam2_gemm_f32()
    (task.lda, task.depth) = (packed.depth, packed.depth)
    guard part % products.panelColumns == 0 else {
      (task.a, task.packed, task.bias) = (input, packed.matrix.panels, packed.bias)
      (task.c, task.ldc) = (spare, packed.columns)
      (task.columns, task.rows) = (packed.columns, map.pixels)
      products.multiply?(&task)
      scatterCells(
        UnsafePointer(spare), packed, firstRow: 0, rows: map.rows, width: map.width, to: output)
      return
    }
    (task.ldc, task.columns, task.rows) = (part, part, map.width)
    for y in 0..<map.rows {
      for dy in 0..<stride {
        task.a = input + y * map.rowFloats
        task.packed = packed.matrix.panels(from: dy * part)
        task.bias = packed.bias + dy * part
        task.c = output + (y * stride + dy) * map.width * part
        products.multiply?(&task)
      }
    }
  }

  /// Filters [B, M, C] times the pixels of the block, into their places of [B, M, H * W].
  private func filter(
    _ input: UnsafePointer<Float>, _ map: ImageBlock, _ step: Step, _ filters: View, image: Int,
    packed: UnsafeMutablePointer<Float>
  ) {
    let panel = kernels.pointee.panel_columns_f32
    let count = filters.shape[1]
    kernels.pointee.pack_f32(
      input, map.channels, 1, map.pixels, map.channels, 0, (map.pixels + panel - 1) / panel, packed)
    var task = sam2_gemm_f32()
    task.a = pointer(filters) + image * count * map.channels
    task.lda = map.channels
    task.packed = UnsafeRawPointer(packed)
    task.c = target(step) + image * count * map.height * map.width + map.firstRow * map.width
    task.ldc = map.height * map.width
    (task.rows, task.columns, task.depth) = (count, map.pixels, map.channels)
    kernels.pointee.gemm_f32(&task)
  }
}

/// Rows of an image on their way through a chain.
private struct ImageBlock {
  let firstRow: Int
  let rows: Int
  /// Of the whole image.
  let height: Int
  let width: Int
  let channels: Int

  var pixels: Int { rows * width }
  var floats: Int { pixels * channels }
  var rowFloats: Int { width * channels }

  func enlarged(_ factor: Int, channels: Int) -> ImageBlock {
    ImageBlock(
      firstRow: firstRow * factor, rows: rows * factor, height: height * factor,
      width: width * factor, channels: channels)
  }
}

/// A thread's maps.
private struct ChainMaps {
  var current: UnsafeMutablePointer<Float>
  var next: UnsafeMutablePointer<Float>
  let spare: UnsafeMutablePointer<Float>

  mutating func swapMaps() { swap(&current, &next) }
}
