import Glibc

/// Memory from the system, aligned to 64 bytes, with unspecified content.
///
/// Large memory is mapped, in huge pages where the system has them: each fresh page costs a fault,
/// and a hundred megabytes take tens of thousands of small ones. Freed memory is returned at once.
public enum SystemMemory {
  private static let hugePage = 2 << 20
  /// More than any current processor can address, and far below the limit of 64 bits.
  private static let addressable = 1 << 60

  /// Memory for `byteCount` bytes, to be released by `free` with the same count.
  ///
  /// For sizes that the program itself determines; it cannot continue without memory for them.
  public static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
    guard byteCount >= hugePage else {
      return .allocate(byteCount: max(byteCount, 64), alignment: 64)
    }
    guard let base = map(byteCount) else { preconditionFailure("out of memory") }
    return base
  }

  /// The same for sizes from untrusted input.
  /// - Throws: `memory.exhausted` when the system does not have that much memory.
  public static func reserve(_ byteCount: Int) throws(Failure) -> UnsafeMutableRawPointer {
    guard byteCount >= hugePage else { return allocate(byteCount) }
    guard let base = map(byteCount) else {
      throw Failure(
        .badInput, code: "memory.exhausted", "the system does not have \(byteCount) bytes of memory"
      )
    }
    return base
  }

  /// Whole pages for `byteCount` bytes; nil if the system has too few.
  private static func map(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    guard byteCount <= addressable else { return nil }
    let (length, slack) = (mappedLength(byteCount), hugePage)
    let start = mmap(
      nil, length + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let start, start != MAP_FAILED else { return nil }
    // A huge page starts at a multiple of its size, so the excess on both sides is returned.
    let before = -Int(bitPattern: start) & (hugePage - 1)
    if before > 0 { munmap(start, before) }
    if before < slack { munmap(start + before + length, slack - before) }
    let base = start + before
    // Not every system has huge pages, and none has to grant them. The remainder stays in small
    // pages, so that no memory is wasted.
    madvise(base, byteCount / hugePage * hugePage, MADV_HUGEPAGE)
    return base
  }

  /// Releases memory that `allocate` returned for `byteCount`.
  public static func free(_ base: UnsafeMutableRawPointer, _ byteCount: Int) {
    guard byteCount >= hugePage else {
      base.deallocate()
      return
    }
    munmap(base, mappedLength(byteCount))
  }

  private static func mappedLength(_ byteCount: Int) -> Int {
    (byteCount + pageSize - 1) / pageSize * pageSize
  }

  private static let pageSize = max(4096, sysconf(Int32(_SC_PAGESIZE)))
}
