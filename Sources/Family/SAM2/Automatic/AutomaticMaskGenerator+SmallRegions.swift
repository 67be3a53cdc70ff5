import Media

extension AutomaticMaskGenerator {
  /// `masks` without holes and islands of less than `minimumArea` pixels at full size, and without
  /// the duplicates that this makes.
  ///
  /// Of two masks whose boxes then have an IoU above `threshold`, one that needed no change is
  /// preferred. `postprocess_small_regions` of the reference, which nothing there calls.
  public static func removingSmallRegions(
    _ masks: [AutomaticMask], minimumArea: Int, threshold: Double = 0.7
  ) -> [AutomaticMask] {
    var changed = masks
    var scores = [Float](repeating: 1, count: masks.count)
    for index in masks.indices {
      let cleaned = masks[index].runs.mask.removingSmallRegions(minimumArea: minimumArea)
      guard let cleaned else { continue }
      scores[index] = 0
      changed[index].runs = RunLengthMask(cleaned)
      changed[index].box =
        cleaned.boundingBox ?? PixelBox(left: 0, top: 0, right: 0, bottom: 0)
    }
    let kept = BoxSuppression.kept(
      changed.map(\.box), scores: scores, threshold: threshold)
    return kept.map { changed[$0] }
  }
}
