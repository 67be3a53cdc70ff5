package import Bytes
package import Tensors

/// Bounds the memory that weights take: beyond a limit, they are moved to a temporary file.
package struct SpillBuffer {
  private var byteCount = 0
  private var spill: SpillFile?
  /// Maximum bytes kept in memory: enough for a small model that was compressed.
  private static let limit = 32 << 20

  package init() {}

  /// The same tensor, moved to a file unless it is already in one or fits within the limit.
  package mutating func spilled(_ tensor: Tensor) throws(Failure) -> Tensor {
    // Many small tensors may share one large piece of memory, so that is what counts.
    let bytes = tensor.storage.byteCount
    if tensor.storage.isMappedFile { return tensor }
    guard byteCount + bytes > SpillBuffer.limit else {
      byteCount += bytes
      return tensor
    }
    if spill == nil { spill = try SpillFile() }
    guard let file = spill else { return tensor }
    var moved: ByteStorage?
    var failure: Failure?
    unsafe tensor.withUnsafeBytes { bytes in
      do throws(Failure) { moved = try unsafe file.moved(bytes) } catch { failure = error }
    }
    if let failure { throw failure }
    guard let moved else { return tensor }
    return try Tensor(dtype: tensor.dtype, shape: tensor.shape, storage: moved)
  }
}
