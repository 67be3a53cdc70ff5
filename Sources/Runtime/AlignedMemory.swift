/// Mutable memory at a multiple of 64 bytes, freed with its owner.
final class AlignedMemory {
  let base: UnsafeMutableRawPointer
  let byteCount: Int

  init(byteCount: Int) {
    self.byteCount = byteCount
    base = .allocate(byteCount: max(byteCount, 64), alignment: 64)
  }

  deinit { base.deallocate() }

  /// The start as floats.
  var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }
}

/// `value` rounded up to a multiple of `alignment`.
func aligned(_ value: Int, to alignment: Int = 64) -> Int {
  (value + alignment - 1) / alignment * alignment
}
