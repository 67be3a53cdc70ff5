/// Mutable memory at a multiple of 64 bytes, freed with its owner.
final class AlignedMemory {
  private(set) var base: UnsafeMutableRawPointer
  private(set) var byteCount: Int

  init(byteCount: Int) {
    self.byteCount = byteCount
    base = .allocate(byteCount: max(byteCount, 64), alignment: 64)
  }

  deinit { base.deallocate() }

  /// Makes room for `byteCount` bytes; what was there is lost if that takes new memory.
  ///
  /// The old memory goes first: both at once would be the peak of the whole program.
  func grow(to byteCount: Int) {
    guard byteCount > self.byteCount else { return }
    base.deallocate()
    base = .allocate(byteCount: byteCount, alignment: 64)
    self.byteCount = byteCount
  }

  /// The start as floats.
  var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }
}

/// `value` rounded up to a multiple of `alignment`.
func aligned(_ value: Int, to alignment: Int = 64) -> Int {
  (value + alignment - 1) / alignment * alignment
}
