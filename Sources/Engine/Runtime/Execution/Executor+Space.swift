internal import CKernels
internal import Graph

// Pooling, resizing and windows, channels last.

extension Executor {
  func maxPool(_ step: Step, _ window: Int) {
    let (x, y) = (step.operands[0].shape, step.result.shape)
    let stride = step.operands[0].rowStride
    let (source, output) = (pointer(step.operands[0]), target(step))
    let kernel = kernels.pointee.max_pool_f32
    let grain = max(1, Self.elementGrain / max(1, y[2] * y[3] * window * window))
    let tasks = (y[1] + grain - 1) / grain
    // Many small windows, or few large planes: either way a task takes rows of one image.
    pool.run(x[0] * tasks) { task, _ in
      let (image, first) = (task / tasks, task % tasks * grain)
      kernel?(
        source + image * x[1] * x[2] * stride, stride, x[1], x[2], x[3], window,
        output + image * y[1] * y[2] * y[3], first, min(y[1], first + grain))
    }
  }

  /// A large cell is summed in parts, the same for any number of threads, and then their sums.
  func averagePool(_ step: Step, _ window: Int) {
    let (x, y) = (step.operands[0].shape, step.result.shape)
    let (width, channels) = (x[2], x[3])
    let (source, output) = (pointer(step.operands[0]), target(step))
    let kernel = kernels.pointee.sum_places_f32
    let cells = y[0] * y[1] * y[2]
    let scale = 1 / Float(window * window)
    // Image rows of a cell that a task sums.
    let rows = max(1, min(window, Self.elementGrain / max(1, window * channels)))
    let parts = (window + rows - 1) / rows
    func corner(_ cell: Int) -> UnsafePointer<Float> {
      let (row, column) = (cell / y[2], cell % y[2])
      return source + (row * window * width + column * window) * channels
    }
    guard parts > 1 else {
      forRows(cells, grain: Self.elementGrain / max(1, window * window * channels)) { range, _ in
        for cell in range {
          kernel?(
            corner(cell), width * channels, window, window, channels, scale,
            output + cell * channels)
        }
      }
      return
    }
    let sums = sharedScratch(byteCount: cells * parts * channels * 4)
      .assumingMemoryBound(to: Float.self)
    pool.run(cells * parts) { task, _ in
      let (cell, first) = (task / parts, task % parts * rows)
      kernel?(
        corner(cell) + first * width * channels, width * channels, min(rows, window - first),
        window, channels, 1, sums + task * channels)
    }
    for cell in 0..<cells {
      kernel?(
        sums + cell * parts * channels, channels, parts, 1, channels, scale,
        output + cell * channels)
    }
  }

  /// Separable: each output row blends its input rows into scratch, then walks the columns.
  func resize(_ step: Step, rows rowTaps: ResizeTaps, columns columnTaps: ResizeTaps) {
    let (x, y) = (step.operands[0].shape, step.result.shape)
    let channels = x[3]
    let rowFloats = x[2] * channels
    reserveThreadScratch(byteCount: rowFloats * 4)
    let (source, output) = (pointer(step.operands[0]), target(step))
    let grain = max(1, Self.elementGrain / max(1, y[2] * channels))
    let tasks = (y[1] + grain - 1) / grain
    pool.run(x[0] * tasks) { task, worker in
      let (image, first) = (task / tasks, task % tasks * grain)
      let blended = threadScratch(worker).assumingMemoryBound(to: Float.self)
      for row in first..<min(y[1], first + grain) {
        blendRows(
          source + image * x[1] * rowFloats, rowFloats, taps: rowTaps, row: row, to: blended)
        columnTaps.apply(
          blended, channels: channels,
          to: output + (image * y[1] + row) * y[2] * channels)
      }
    }
  }

  private func blendRows(
    _ image: UnsafePointer<Float>, _ rowFloats: Int, taps: ResizeTaps, row: Int,
    to blended: UnsafeMutablePointer<Float>
  ) {
    let kernel = kernels.pointee.blend_rows_f32
    let count = taps.count
    let indices = taps.indices[(row * count)..<((row + 1) * count)]
    let weights = taps.weights[(row * count)..<((row + 1) * count)]
    let first = indices.startIndex
    if count == 1 {
      blended.update(from: image + indices[first] * rowFloats, count: rowFloats)
      return
    }
    kernel?(
      image + indices[first] * rowFloats, image + indices[first + 1] * rowFloats, weights[first],
      weights[first + 1], blended, rowFloats)
    for tap in (first + 2)..<max(first + 2, first + count) where weights[tap] != 0 {
      kernel?(blended, image + indices[tap] * rowFloats, 1, weights[tap], blended, rowFloats)
    }
  }

  /// Copies between an image [B, H, W, C] and its windows [B * windows, w, w, C]; parts of a window
  /// outside the image are zero, or dropped on the way back.
  func moveWindows(_ step: Step, image: [Int], window: Int, partition: Bool) {
    let (height, width, channels) = (image[1], image[2], image[3])
    let across = (width + window - 1) / window
    let perImage = across * ((height + window - 1) / window)
    let (source, output) = (pointer(step.operands[0]), target(step))
    let grain = max(1, Self.elementGrain / max(1, window * window * channels))
    forRows(image[0] * perImage, grain: grain) { range, _ in
      for index in range {
        let (item, place) = (index / perImage, index % perImage)
        let (top, left) = (place / across * window, place % across * window)
        let inside = min(window, width - left) * channels
        for row in 0..<window {
          let windowRow = (index * window + row) * window * channels
          let imageRow = ((item * height + top + row) * width + left) * channels
          if top + row >= height {
            if partition { (output + windowRow).update(repeating: 0, count: window * channels) }
          } else if partition {
            (output + windowRow).update(from: source + imageRow, count: inside)
            (output + windowRow + inside).update(repeating: 0, count: window * channels - inside)
          } else {
            (output + imageRow).update(from: source + windowRow, count: inside)
          }
        }
      }
    }
  }
}
