import Glibc

/// Immutable bytes with one owner: allocated memory, or part of a mapped file.
///
/// `@unchecked Sendable` because nothing writes to the bytes after `init` returns, and the owner
/// releases them exactly once.
public final class ByteStorage: @unchecked Sendable {
  /// First byte, aligned to at least 64 bytes for allocated storage and to a page for mappings.
  public let base: UnsafeRawPointer
  public let byteCount: Int
  /// Whether the bytes can be dropped from memory and read again from a file.
  public let isMappedFile: Bool
  /// The state of the mapped file when it was mapped; nil if that does not matter.
  public let origin: FileStamp?
  private let release: @Sendable (UnsafeRawPointer, Int) -> Void

  /// Takes ownership of `base`; `release` is called once, when the last reference is released.
  ///
  /// `isMappedFile` is only for read-only mappings of files.
  public init(
    takingOver base: UnsafeRawPointer, byteCount: Int, isMappedFile: Bool = false,
    origin: FileStamp? = nil, release: @escaping @Sendable (UnsafeRawPointer, Int) -> Void
  ) {
    self.base = base
    self.byteCount = byteCount
    self.isMappedFile = isMappedFile
    self.origin = origin
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

  // MARK: - Going through large storage

  /// Pieces fit in the cache, so two checksums of the same piece read memory only once.
  private static let pieceByteCount = 1 << 18

  /// Releases the memory of `range` of a mapped file; does nothing for other storage.
  ///
  /// The bytes stay readable: they are read from the file again when touched. Callers that stream
  /// through a file call this along the way, so that a file of any size takes little memory.
  public func releasePages(in range: Range<Int>) {
    guard isMappedFile, range.lowerBound >= 0, range.upperBound <= byteCount else { return }
    let page = sysconf(Int32(_SC_PAGESIZE))
    guard page > 0 else { return }
    // Only whole pages are released. The first may hold bytes before the range, which at worst is
    // slow; the last is kept, because the bytes after the range are about to be read.
    let lower = range.lowerBound / page * page
    let upper = range.upperBound == byteCount ? byteCount : range.upperBound / page * page
    guard lower < upper else { return }
    madvise(UnsafeMutableRawPointer(mutating: base + lower), upper - lower, MADV_DONTNEED)
  }

  /// Calls `body` with pieces of `range`, in order, and releases the pages of those already
  /// visited.
  public func forEachPiece<Problem: Error>(
    of range: Range<Int>, releasing: Bool = true,
    _ body: (UnsafeRawBufferPointer) throws(Problem) -> Void
  ) throws(Problem) {
    defer { withExtendedLifetime(self) {} }
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "range outside storage")
    var released = range.lowerBound
    for lower in stride(
      from: range.lowerBound, to: range.upperBound, by: ByteStorage.pieceByteCount)
    {
      let count = min(ByteStorage.pieceByteCount, range.upperBound - lower)
      try body(UnsafeRawBufferPointer(start: base + lower, count: count))
      // A system call for each piece would cost more than a few megabytes of memory.
      if releasing, lower + count - released >= ByteStorage.releasedByteCount {
        releasePages(in: released..<(lower + count))
        released = lower + count
      }
    }
    if releasing { releasePages(in: released..<range.upperBound) }
  }

  private static let releasedByteCount = 1 << 23
}
