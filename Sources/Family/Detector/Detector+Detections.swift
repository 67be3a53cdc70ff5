public import Bytes
public import Media
import Tensors

extension Detector {
  /// Finds what `queries` ask for in `picture`, best first.
  /// - Throws: what `DetectionOptions.validate` and the runtime throw.
  public func detect(
    _ queries: DetectorQueries, in picture: RGBImage, options: DetectionOptions = .init()
  ) throws(Failure) -> [Detection] {
    try options.validate()
    return try detections(queries, in: try look(at: picture), options: options).found
  }

  /// Finds what `queries` ask for among the boxes of a picture, best first.
  ///
  /// Each box answers the query for which its logit is largest. Boxes outside the picture, in the
  /// padding that makes it square, do not count.
  /// - Returns: also how many were left out beyond the maximum number of detections.
  public func detections(
    _ queries: DetectorQueries, in boxes: PictureBoxes, options: DetectionOptions = .init()
  ) throws(Failure) -> (found: [Detection], leftOut: Int) {
    try options.validate()
    let all = candidates(try logits(queries, for: boxes), boxes, options.threshold)
    let kept = Self.withoutDuplicates(all, overlap: options.suppression)
    return (Array(kept.prefix(options.maximumCount)), max(0, kept.count - options.maximumCount))
  }

  private func candidates(
    _ logits: Tensor, _ boxes: PictureBoxes, _ threshold: Float
  ) -> [Detection] {
    let queryCount = logits.shape[1]
    let (width, height) = (Float(boxes.width), Float(boxes.height))
    let pixelBoxes = boxes.pixelBoxes
    let found = logits.withFloats { values -> [Detection] in
      (0..<boxes.count).compactMap { index in
        let row = values[(index * queryCount)..<((index + 1) * queryCount)]
        guard let best = row.indices.max(by: { row[$0] < row[$1] }) else { return nil }
        let score = logistic(row[best])
        guard score > threshold else { return nil }
        let box = pixelBoxes[index].clipped(width: width, height: height)
        return box.area > 0
          ? Detection(query: best - row.startIndex, score: score, box: box) : nil
      }
    }
    // Boxes with equal scores keep the order of their patches.
    return found.enumerated()
      .sorted { ($0.element.score, -$0.offset) > ($1.element.score, -$1.offset) }
      .map(\.element)
  }

  /// `detections`, best first, without those that overlap a better one for the same query.
  static func withoutDuplicates(_ detections: [Detection], overlap: Float) -> [Detection] {
    guard overlap < 1 else { return detections }
    var kept: [Detection] = []
    for found in detections {
      let isKnown = kept.contains {
        $0.query == found.query && $0.box.overlap(found.box) > overlap
      }
      if !isKnown { kept.append(found) }
    }
    return kept
  }
}
