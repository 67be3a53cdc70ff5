import Bytes
import Tensors

/// A storage of a checkpoint: one entry `data/<key>` of the archive.
struct TorchStorageRecord: Hashable, Sendable {
  let key: String
  let dtype: DType
  let elementCount: Int

  /// torch numbers its storages; anything that looks like a path is refused.
  static func isPlainKey(_ key: String) -> Bool {
    !key.isEmpty && key.utf8.count <= 64
      && key.utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
          || (0x61...0x7A).contains(byte) || byte == 0x5F
      }
  }
}

/// A tensor of a checkpoint: a strided view of a storage.
///
/// Checked: every element is inside the storage, and no two share an address.
struct TorchTensorRecord: Sendable {
  let storageIndex: Int
  let dtype: DType
  let shape: Shape
  /// In elements.
  let offset: Int
  /// In elements, one for each axis.
  let strides: [Int]

  var description: TensorDescription { TensorDescription(dtype: dtype, shape: shape) }

  /// - Throws: `tensor.rank`, `tensor.shape`, `tensor.bounds`, `tensor.expand`, `tensor.overlap`.
  init(
    storageIndex: Int, storage: TorchStorageRecord, offset: Int64, sizes: [Int64], strides: [Int64]
  ) throws(Failure) {
    self.storageIndex = storageIndex
    dtype = storage.dtype
    shape = try Shape(checking: sizes.map { Int($0) })
    self.strides = strides.map { Int($0) }
    self.offset = Int(offset)
    guard self.strides.count == shape.rank, self.offset >= 0, self.strides.allSatisfy({ $0 >= 0 })
    else { throw Failure(.badInput, code: "tensor.bounds", "impossible strides \(strides)") }
    if shape.elementCount == 0 { return }
    try checkDistinctPlaces(storage)
    guard let span = elementSpan, let end = checkedSum(self.offset, span),
      end <= storage.elementCount
    else {
      throw Failure(
        .badInput, code: "tensor.bounds",
        "a tensor \(shape) with strides \(self.strides) from element \(self.offset) does not fit "
          + "into its storage of \(storage.elementCount)")
    }
  }

  /// Elements from the first to the last, inclusive; nil when that overflows.
  private var elementSpan: Int? {
    var last = 0
    for (size, stride) in zip(shape.dimensions, strides) {
      guard let reach = checkedProduct(size - 1, stride), let sum = checkedSum(last, reach) else {
        return nil
      }
      last = sum
    }
    return checkedSum(last, 1)
  }

  /// Going through the axes by growing stride, each step must clear all that the smaller axes cover.
  private func checkDistinctPlaces(_ storage: TorchStorageRecord) throws(Failure) {
    guard shape.elementCount <= storage.elementCount else {
      throw Failure(
        .badInput, code: "tensor.expand",
        "a tensor \(shape) claims more elements than its storage of \(storage.elementCount)")
    }
    var covered = 1
    for (size, stride) in zip(shape.dimensions, strides).sorted(by: { $0.1 < $1.1 })
    where size > 1 {
      guard stride >= covered else {
        throw Failure(
          .badInput, code: stride == 0 ? "tensor.expand" : "tensor.overlap",
          "elements of a tensor \(shape) with strides \(strides) share their places")
      }
      guard let reach = checkedProduct(size - 1, stride), let sum = checkedSum(covered, reach)
      else { throw Failure(.badInput, code: "tensor.bounds", "impossible strides \(strides)") }
      covered = sum
    }
  }

  /// True when the elements are in row-major order without gaps.
  var isContiguous: Bool {
    if shape.elementCount == 0 { return true }
    var expected = 1
    for (size, stride) in zip(shape.dimensions, strides).reversed() where size > 1 {
      if stride != expected { return false }
      expected *= size
    }
    return true
  }

  /// The tensor, given the bytes of its storage: a view when it is contiguous, else a copy.
  func tensor(in storage: ByteStorage, storageOffset: Int) throws(Failure) -> Tensor {
    if isContiguous {
      // Torch keeps any offset for an empty tensor; there is nothing to point at.
      let start = shape.elementCount == 0 ? 0 : offset * dtype.byteCount
      return try Tensor(
        dtype: dtype, shape: shape, storage: storage, byteOffset: storageOffset + start)
    }
    let elementByteCount = dtype.byteCount
    // From here on only the copy is needed. The span is inside, as checked with the record.
    defer {
      let start = storageOffset + offset * elementByteCount
      storage.releasePages(in: start..<(start + (elementSpan ?? 0) * elementByteCount))
    }
    return unsafe Tensor(dtype: dtype, shape: shape) { output in
      unsafe storage.withUnsafeBytes { input in
        forEachRow { row, source in
          unsafe gather(
            input, from: storageOffset + source * elementByteCount, output,
            at: row * shape[-1] * elementByteCount)
        }
      }
    }
  }

  /// Copies one innermost row.
  private func gather(
    _ input: UnsafeRawBufferPointer, from source: Int, _ output: UnsafeMutableRawBufferPointer,
    at target: Int
  ) {
    let width = dtype.byteCount
    let step = (strides.last ?? 1) * width
    for i in 0..<shape[-1] {
      for byte in 0..<width {
        unsafe output[target + i * width + byte] = unsafe input[source + i * step + byte]
      }
    }
  }

  /// Calls `body` with the number and the first element of each innermost row, in order.
  private func forEachRow(_ body: (Int, Int) -> Void) {
    let outer = shape.dimensions.dropLast()
    var index = [Int](repeating: 0, count: outer.count)
    var source = offset
    for row in 0..<outer.reduce(1, *) {
      body(row, source)
      // Count up like an odometer.
      for axis in outer.indices.reversed() {
        index[axis] += 1
        source += strides[axis]
        if index[axis] < outer[axis] { break }
        source -= strides[axis] * outer[axis]
        index[axis] = 0
      }
    }
  }
}
