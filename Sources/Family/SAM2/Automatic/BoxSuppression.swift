import Media

/// Non-maximum suppression of boxes: `batched_nms` of torchvision with one category.
enum BoxSuppression {
  /// Indices of the boxes that are kept, best first.
  ///
  /// In order of decreasing `scores` (ties in input order), a box is kept unless its IoU with a box
  /// kept earlier is above `threshold`. Areas are measured between corners: a one-pixel box has no
  /// area, and two boxes without area never suppress each other. Single precision, as in
  /// torchvision.
  static func kept(_ boxes: [PixelBox], scores: [Float], threshold: Double) -> [Int] {
    precondition(boxes.count == scores.count)
    // NaN counts as the highest score, as in torch's sort.
    let ranks = scores.map { $0.isNaN ? .infinity : $0 }
    let order = boxes.indices.sorted { a, b in
      ranks[a] == ranks[b] ? a < b : ranks[a] > ranks[b]
    }
    var isSuppressed = [Bool](repeating: false, count: boxes.count)
    var kept: [Int] = []
    for (rank, index) in order.enumerated() where !isSuppressed[index] {
      kept.append(index)
      for other in order[(rank + 1)...] where !isSuppressed[other] {
        if Double(overlap(boxes[index], boxes[other])) > threshold { isSuppressed[other] = true }
      }
    }
    return kept
  }

  /// Intersection over union; NaN for two boxes without area.
  private static func overlap(_ a: PixelBox, _ b: PixelBox) -> Float {
    let width = max(0, Float(min(a.right, b.right)) - Float(max(a.left, b.left)))
    let height = max(0, Float(min(a.bottom, b.bottom)) - Float(max(a.top, b.top)))
    let intersection = width * height
    return intersection / (area(a) + area(b) - intersection)
  }

  private static func area(_ box: PixelBox) -> Float {
    (Float(box.right) - Float(box.left)) * (Float(box.bottom) - Float(box.top))
  }
}
