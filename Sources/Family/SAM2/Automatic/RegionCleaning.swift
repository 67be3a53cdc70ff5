import Media

/// Removes small holes and islands from mask logits, as `SAM2Transforms.postprocess_masks` of the
/// reference does with CUDA.
enum RegionCleaning {
  /// How far above the threshold filled holes are set, and how far below it removed islands are
  /// set.
  private static let settledLogit: Float = 10

  /// `logits` [height, width] with holes (logits <= `threshold`) filled and islands (above it)
  /// removed, up to the given areas in pixels; both are looked for in the original logits.
  static func clean(
    _ logits: [Float], width: Int, height: Int, maximumHoleArea: Int, maximumIslandArea: Int,
    threshold: Float = 0
  ) -> [Float] {
    var cleaned = logits
    for (isInside, maximumArea) in [(false, maximumHoleArea), (true, maximumIslandArea)]
    where maximumArea > 0 {
      let members = logits.map { ($0 > threshold) == isInside }
      ConnectedRegions.forEach(in: members, width: width, height: height) { pixels in
        guard pixels.count <= maximumArea else { return }
        let settled = threshold + (isInside ? -settledLogit : settledLogit)
        for pixel in pixels { cleaned[pixel] = settled }
      }
    }
    return cleaned
  }
}
