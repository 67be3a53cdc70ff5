extension BinaryMask {
  /// The mask without holes and islands of fewer than `minimumArea` pixels, or nil if it has none.
  ///
  /// Holes are filled first. If all islands are small, the largest stays; ties go to the first.
  /// Regions connect across edges and corners. Matches both modes of the reference's
  /// `remove_small_regions`.
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
