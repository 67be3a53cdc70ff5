extension Tensor {
  /// A copy whose axis k is axis `axes[k]` of this tensor, or this tensor itself if that changes
  /// nothing.
  ///
  /// `axes` is a permutation of all axes.
  public func permuted(_ axes: [Int]) -> Tensor {
    precondition(axes.sorted() == Array(shape.dimensions.indices), "not a permutation of the axes")
    if axes == Array(shape.dimensions.indices) { return self }
    var steps = [Int](repeating: 1, count: shape.rank)
    for axis in steps.indices.dropLast().reversed() {
      steps[axis] = steps[axis + 1] * shape[axis + 1]
    }
    let walk = StridedWalk(sizes: axes.map { shape[$0] }, steps: axes.map { steps[$0] })
    return Tensor(dtype: dtype, shape: Shape(walk.sizes)) { output in
      withUnsafeBytes { input in
        switch dtype.byteCount {
        case 1: walk.copy(UInt8.self, from: input, to: output)
        case 2: walk.copy(UInt16.self, from: input, to: output)
        case 4: walk.copy(UInt32.self, from: input, to: output)
        default: walk.copy(UInt64.self, from: input, to: output)
        }
      }
    }
  }
}

/// A traversal of elements that are a fixed step apart along each axis.
private struct StridedWalk {
  let sizes: [Int]
  /// In elements.
  let steps: [Int]

  func copy<Element: FixedWidthInteger & BitwiseCopyable>(
    _: Element.Type, from input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer
  ) {
    guard let rowCount = sizes.last, let step = steps.last, !output.isEmpty else { return }
    let target = output.bindMemory(to: Element.self)
    let width = MemoryLayout<Element>.size
    var written = 0
    forEachRow { source in
      for index in 0..<rowCount {
        target[written] = input.loadUnaligned(
          fromByteOffset: (source + index * step) * width, as: Element.self)
        written += 1
      }
    }
  }

  /// Calls `body` with the first element of each innermost row, in order.
  private func forEachRow(_ body: (Int) -> Void) {
    let outer = sizes.dropLast()
    var index = [Int](repeating: 0, count: outer.count)
    var source = 0
    for _ in 0..<outer.reduce(1, *) {
      body(source)
      // Counts up like an odometer.
      for axis in outer.indices.reversed() {
        index[axis] += 1
        source += steps[axis]
        if index[axis] < outer[axis] { break }
        source -= steps[axis] * outer[axis]
        index[axis] = 0
      }
    }
  }
}
