import Glibc

/// Memory from the system at a multiple of 64 bytes, its content unspecified.
///
/// Large memory is mapped, in huge pages where the system has them: a fresh page costs a fault, and
/// a hundred megabytes have tens of thousands of small ones. Freed memory is returned at once.
public enum SystemMemory {
  private static let hugePage = 2 << 20
  /// More than any processor of today addresses, and far from the end of 64 bits.
  private static let addressable = 1 << 60

  /// Memory for `byteCount` bytes, for `free` with the same count.
  ///
  /// For sizes that the program knows: without memory for them it cannot continue.
  public static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
    guard byteCount >= hugePage else {
      return .allocate(byteCount: max(byteCount, 64), alignment: 64)
    }
    guard let base = map(byteCount) else { preconditionFailure("out of memory") }
    return base
  }

  /// The same for sizes that come from outside.
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

  /// Whole pages for `byteCount` bytes; nil when the system has too few.
  private static func map(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    guard byteCount <= addressable else { return nil }
    let (length, slack) = (mappedLength(byteCount), hugePage)
    let start = mmap(
      nil, length + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let start, start != MAP_FAILED else { return nil }
    // A huge page starts at a multiple of its size, so the rest on both sides is returned.
    let before = -Int(bitPattern: start) & (hugePage - 1)
    if before > 0 { munmap(start, before) }
    if before < slack { munmap(start + before + length, slack - before) }
    let base = start + before
    // Not every system has them, and none has to give them. The rest stays in small pages, so that
    // none is wasted.
    madvise(base, byteCount / hugePage * hugePage, MADV_HUGEPAGE)
    return base
  }

  /// Gives back what `allocate` gave for `byteCount`.
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
