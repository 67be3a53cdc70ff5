internal import Glibc

/// Mutable memory at a multiple of 64 bytes, freed with its owner.
///
/// Large memory is mapped, in huge pages where the system has them: a fresh page costs a fault, and
/// an arena has tens of thousands of small ones.
final class AlignedMemory {
  private(set) var base: UnsafeMutableRawPointer
  private(set) var byteCount: Int
  private var home: Home

  private enum Home {
    case heap
    case mapping(UnsafeMutableRawPointer, byteCount: Int)
    case slab(AlignedMemory)
  }

  init(byteCount: Int) {
    self.byteCount = byteCount
    (base, home) = Self.allocate(byteCount)
  }

  /// A part of `slab`, which it keeps.
  fileprivate init(byteCount: Int, at offset: Int, of slab: AlignedMemory) {
    self.byteCount = byteCount
    base = slab.base + offset
    home = .slab(slab)
  }

  deinit { free() }

  /// Makes room for `byteCount` bytes; what was there is lost if that takes new memory.
  ///
  /// The old memory goes first: both at once would be the peak of the whole program.
  func grow(to byteCount: Int) {
    guard byteCount > self.byteCount else { return }
    free()
    (base, home) = Self.allocate(byteCount)
    self.byteCount = byteCount
  }

  /// The start as floats.
  var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }

  // MARK: Where it comes from

  private static let hugePage = 2 << 20

  private static func allocate(_ byteCount: Int) -> (UnsafeMutableRawPointer, Home) {
    if byteCount >= hugePage, let mapped = map(byteCount) { return mapped }
    return (.allocate(byteCount: max(byteCount, 64), alignment: 64), .heap)
  }

  /// Whole huge pages are asked for; the rest stays in small ones, so that none is wasted.
  private static func map(_ byteCount: Int) -> (UnsafeMutableRawPointer, Home)? {
    let length = byteCount + hugePage
    guard
      let start = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      start != MAP_FAILED
    else { return nil }
    let base = UnsafeMutableRawPointer(bitPattern: aligned(Int(bitPattern: start), to: hugePage))
    guard let base else { return nil }
    // Not every system has them, and none has to give them.
    madvise(base, byteCount / hugePage * hugePage, MADV_HUGEPAGE)
    return (base, .mapping(start, byteCount: length))
  }

  private func free() {
    switch home {
    case .heap: base.deallocate()
    case .mapping(let start, let length): munmap(start, length)
    case .slab: break
    }
  }
}

/// Hands out parts of large pieces of memory; a piece is freed with the last of its parts.
final class MemorySlab {
  private var piece = AlignedMemory(byteCount: 0)
  private var used = 0
  private static let pieceBytes = 8 << 20

  func take(_ byteCount: Int) -> AlignedMemory {
    if piece.byteCount - used < byteCount {
      piece = AlignedMemory(byteCount: max(Self.pieceBytes, byteCount))
      used = 0
    }
    defer { used += aligned(byteCount) }
    return AlignedMemory(byteCount: byteCount, at: used, of: piece)
  }
}

/// `value` rounded up to a multiple of `alignment`.
func aligned(_ value: Int, to alignment: Int = 64) -> Int {
  (value + alignment - 1) / alignment * alignment
}
