import Media

extension AutomaticMaskGenerator {
  /// `masks` without holes and islands smaller than `minimumArea` pixels at full size, and without
  /// any duplicates this creates.
  ///
  /// If the boxes of two masks then have an IoU above `threshold`, a mask that needed no change is
  /// preferred. This is the reference's `postprocess_small_regions`, which nothing there calls.
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
