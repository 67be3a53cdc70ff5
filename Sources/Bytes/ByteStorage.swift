import Glibc

/// Immutable bytes with one owner: allocated memory, or a part of a mapped file.
///
/// `@unchecked Sendable` because nothing writes to the bytes after `init` returns, and the owner
/// releases them exactly once.
public final class ByteStorage: @unchecked Sendable {
  /// First byte; aligned to at least 64 bytes for allocated storage, to the page for mappings.
  public let base: UnsafeRawPointer
  public let byteCount: Int
  private let release: @Sendable (UnsafeRawPointer, Int) -> Void

  /// Takes over `base`; `release` is called once, when the last reference goes.
  public init(
    takingOver base: UnsafeRawPointer, byteCount: Int,
    release: @escaping @Sendable (UnsafeRawPointer, Int) -> Void
  ) {
    self.base = base
    self.byteCount = byteCount
    self.release = release
  }

  /// Allocates `byteCount` bytes at a multiple of 64 and lets `fill` write them.
  ///
  /// The bytes are zero before `fill` runs.
  public convenience init(
    byteCount: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void
  ) rethrows {
    precondition(byteCount >= 0)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 64), alignment: 64)
    memset(memory, 0, byteCount)
    do {
      try fill(UnsafeMutableRawBufferPointer(start: memory, count: byteCount))
    } catch {
      memory.deallocate()
      throw error
    }
    self.init(takingOver: UnsafeRawPointer(memory), byteCount: byteCount) { base, _ in
      UnsafeMutableRawPointer(mutating: base).deallocate()
    }
  }

  deinit { release(base, byteCount) }

  /// The bytes; the pointer is valid only inside `body`.
  public func withUnsafeBytes<Result>(
    _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    defer { withExtendedLifetime(self) {} }
    return try body(UnsafeRawBufferPointer(start: base, count: byteCount))
  }
}
