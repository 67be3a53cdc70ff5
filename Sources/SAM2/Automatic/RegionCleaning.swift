import Media

/// Removes small holes and islands from mask logits, as `SAM2Transforms.postprocess_masks` of the
/// reference does with CUDA.
enum RegionCleaning {
  /// Logits given to filled holes and, negated, to removed islands.
  private static let settledLogit: Float = 10

  /// `logits` [height, width] with the holes (logits <= 0) and islands (> 0) of at most
  /// `maximumArea` pixels settled; both are looked for in the logits as they come in.
  static func clean(_ logits: [Float], width: Int, height: Int, maximumArea: Int) -> [Float] {
    var cleaned = logits
    for isInside in [false, true] {
      let members = logits.map { ($0 > 0) == isInside }
      ConnectedRegions.forEach(in: members, width: width, height: height) { pixels in
        guard pixels.count <= maximumArea else { return }
        for pixel in pixels { cleaned[pixel] = isInside ? -settledLogit : settledLogit }
      }
    }
    return cleaned
  }
}
