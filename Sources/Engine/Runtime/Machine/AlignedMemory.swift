internal import Bytes

/// Mutable memory at a multiple of 64 bytes, freed with its owner.
final class AlignedMemory {
  private(set) var base: UnsafeMutableRawPointer
  private(set) var byteCount: Int
  /// The slab that this is a part of, if any.
  private let slab: AlignedMemory?

  init(byteCount: Int) {
    self.byteCount = byteCount
    base = SystemMemory.allocate(byteCount)
    slab = nil
  }

  /// A part of `slab`, which it keeps.
  fileprivate init(byteCount: Int, at offset: Int, of slab: AlignedMemory) {
    self.byteCount = byteCount
    base = slab.base + offset
    self.slab = slab
  }

  private static let step = 2 << 20

  deinit {
    if slab == nil { SystemMemory.free(base, byteCount) }
  }

  /// Makes room for `byteCount` bytes; what was there is lost if that takes new memory.
  ///
  /// The old memory is freed first, since both at once would be the peak of the whole program.
  /// Large memory grows by large steps, since every frame needs a little more while the memory bank
  /// fills.
  func grow(to byteCount: Int) {
    guard byteCount > self.byteCount, slab == nil else { return }
    let byteCount = byteCount < Self.step ? byteCount : aligned(byteCount, to: Self.step)
    SystemMemory.free(base, self.byteCount)
    base = SystemMemory.allocate(byteCount)
    self.byteCount = byteCount
  }

  /// The start as floats.
  var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }

  /// The start as 32-bit integers.
  var integers: UnsafeMutablePointer<Int32> { base.assumingMemoryBound(to: Int32.self) }
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
