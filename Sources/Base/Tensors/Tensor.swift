public import Bytes

/// An immutable, contiguous, row-major tensor that shares its bytes with their owner.
///
/// Copying a `Tensor` copies no elements. A tensor in a mapped file reads nothing until it is used.
public struct Tensor: Sendable {
  public let dtype: DType
  public let shape: Shape
  public let storage: ByteStorage
  public let byteOffset: Int

  public var elementCount: Int { shape.elementCount }
  public var byteCount: Int { shape.elementCount * dtype.byteCount }

  /// A view of `storage` from `byteOffset` on.
  /// - Throws: `tensor.bounds` when the elements do not fit into the storage.
  public init(
    dtype: DType, shape: Shape, storage: ByteStorage, byteOffset: Int = 0
  ) throws(Failure) {
    let (bytes, overflow) = shape.elementCount.multipliedReportingOverflow(by: dtype.byteCount)
    guard !overflow, byteOffset >= 0, bytes <= storage.byteCount,
      byteOffset <= storage.byteCount - bytes
    else {
      throw Failure(
        .badInput, code: "tensor.bounds",
        "\(dtype.name)\(shape) at byte \(byteOffset) does not fit into \(storage.byteCount) bytes")
    }
    self.dtype = dtype
    self.shape = shape
    self.storage = storage
    self.byteOffset = byteOffset
  }

  private init(unchecked dtype: DType, _ shape: Shape, _ storage: ByteStorage, _ offset: Int) {
    self.dtype = dtype
    self.shape = shape
    self.storage = storage
    self.byteOffset = offset
  }

  /// A new tensor of 32-bit floats.
  public init(_ values: [Float], shape: Shape) {
    precondition(values.count == shape.elementCount, "value count does not match the shape")
    let storage = ByteStorage(byteCount: values.count * 4) { bytes in
      values.withUnsafeBytes { bytes.copyMemory(from: $0) }
    }
    self.init(unchecked: .float32, shape, storage, 0)
  }

  /// A new tensor of 32-bit integers.
  public init(_ values: [Int32], shape: Shape) {
    precondition(values.count == shape.elementCount, "value count does not match the shape")
    let storage = ByteStorage(byteCount: values.count * 4) { bytes in
      values.withUnsafeBytes { bytes.copyMemory(from: $0) }
    }
    self.init(unchecked: .int32, shape, storage, 0)
  }

  /// A new tensor whose bytes, initially zero, are written by `fill`.
  public init(
    dtype: DType, shape: Shape, fill: (UnsafeMutableRawBufferPointer) throws -> Void
  ) rethrows {
    let storage = try ByteStorage(byteCount: shape.elementCount * dtype.byteCount, fill: fill)
    self.init(unchecked: dtype, shape, storage, 0)
  }

  /// A new tensor in memory from `pool`; `fill` writes all of its bytes.
  public init(
    dtype: DType, shape: Shape, pool: StoragePool,
    fill: (UnsafeMutableRawBufferPointer) -> Void
  ) {
    let byteCount = shape.elementCount * dtype.byteCount
    let memory = pool.take(byteCount)
    fill(UnsafeMutableRawBufferPointer(start: memory, count: byteCount))
    self.init(dtype: dtype, shape: shape, takingOver: memory, of: pool)
  }

  /// A tensor that spans all of `storage`.
  public init(dtype: DType, shape: Shape, wholeOf storage: ByteStorage) {
    precondition(storage.byteCount == shape.elementCount * dtype.byteCount)
    self.init(unchecked: dtype, shape, storage, 0)
  }

  /// A tensor of bytes that came from `pool` and have already been written.
  public init(
    dtype: DType, shape: Shape, takingOver memory: UnsafeMutableRawPointer, of pool: StoragePool
  ) {
    let byteCount = shape.elementCount * dtype.byteCount
    self.init(
      unchecked: dtype, shape, pool.storage(takingOver: memory, byteCount: byteCount), 0)
  }

  /// The same elements in another shape with the same element count.
  public func reshaped(_ shape: Shape) -> Tensor {
    precondition(shape.elementCount == elementCount, "reshape changes the element count")
    return Tensor(unchecked: dtype, shape, storage, byteOffset)
  }

  /// Row `index` of the outermost axis, sharing storage.
  public subscript(index: Int) -> Tensor {
    precondition(shape.rank > 0 && index >= 0 && index < shape[0], "index outside the tensor")
    let inner = Shape(Array(shape.dimensions.dropFirst()))
    return Tensor(
      unchecked: dtype, inner, storage, byteOffset + index * inner.elementCount * dtype.byteCount)
  }

  /// The tensor's bytes; the pointer is valid only inside `body` and may be unaligned.
  public func withUnsafeBytes<Result>(
    _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    try storage.withUnsafeBytes {
      try body(UnsafeRawBufferPointer(rebasing: $0[byteOffset..<(byteOffset + byteCount)]))
    }
  }
}
