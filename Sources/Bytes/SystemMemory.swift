import Glibc

/// Memory from the system at a multiple of 64 bytes, its content unspecified.
///
/// Large memory is mapped, in huge pages where the system has them: a fresh page costs a fault, and
/// a hundred megabytes have tens of thousands of small ones. Freed, it goes back at once.
public enum SystemMemory {
  private static let hugePage = 2 << 20

  /// Memory for `byteCount` bytes, for `free` with the same count.
  public static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
    guard byteCount >= hugePage else {
      return .allocate(byteCount: max(byteCount, 64), alignment: 64)
    }
    let (length, slack) = (mappedLength(byteCount), hugePage)
    let start = mmap(
      nil, length + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let start, start != MAP_FAILED else { preconditionFailure("out of memory") }
    // A huge page starts at a multiple of its size: what is around goes back.
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
