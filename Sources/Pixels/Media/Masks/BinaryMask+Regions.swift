extension BinaryMask {
  /// The mask without holes and islands of less than `minimumArea` pixels, or nil when it has none.
  ///
  /// Holes are filled first. When all islands are small the largest stays, the first of equals.
  /// Regions join over edges and corners. `remove_small_regions` of the reference, for both modes.
  public func removingSmallRegions(minimumArea: Int) -> BinaryMask? {
    let filled = fillingHoles(below: minimumArea)
    return (filled ?? self).droppingIslands(below: minimumArea) ?? filled
  }

  private func fillingHoles(below minimumArea: Int) -> BinaryMask? {
    var changed: BinaryMask?
    ConnectedRegions.forEach(in: bits.map { !$0 }, width: width, height: height) { pixels in
      guard pixels.count < minimumArea else { return }
      var mask = changed.take() ?? self
      for pixel in pixels { mask.bits[pixel] = true }
      changed = mask
    }
    return changed
  }

  private func droppingIslands(below minimumArea: Int) -> BinaryMask? {
    var kept = BinaryMask(width: width, height: height)
    var largestSmall: [Int] = []
    var keepsAny = false
    ConnectedRegions.forEach(in: bits, width: width, height: height) { pixels in
      if pixels.count >= minimumArea {
        keepsAny = true
        for pixel in pixels { kept.bits[pixel] = true }
      } else if pixels.count > largestSmall.count {
        largestSmall = pixels
      }
    }
    guard !largestSmall.isEmpty else { return nil }
    if !keepsAny { for pixel in largestSmall { kept.bits[pixel] = true } }
    return kept
  }
}
