internal import Calibration
internal import Comparison
internal import Graph

extension Verdict {
  /// The conclusion about a model of the SAM 2 family: masks count as agreeing at a mean IoU of
  /// 0.99, for pictures and for clips.
  init(masks content: ReportContent) {
    let pictures = PictureSummary(content.comparison.pictures)
    let clips = ClipSummary(content.comparison.clips)
    self.init(
      Level([pictures.mean, clips.free].compactMap(\.self).min(), full: 0.99, partial: 0.95),
      of: "masks", in: content, findings: Self.findings(content, pictures, clips),
      facts: [
        ("pictures, mean IoU", Figure.iou(pictures.mean)),
        ("5th percentile", Figure.iou(pictures.percentile5)),
        ("video, free running", Figure.iou(clips.free)),
        ("teacher forced", Figure.iou(clips.forced)),
        ("image features", Figure.decibels(pictures.featureSQNR)),
      ], gaps: Self.gaps(content))
  }

  private static func findings(
    _ content: ReportContent, _ pictures: PictureSummary, _ clips: ClipSummary
  ) -> [String] {
    var findings: [String] = []
    if let mean = pictures.mean {
      findings.append(
        "mean IoU \(Figure.iou(mean)) over \(Figure.plural(pictures.ious.count, "mask")) of "
          + "\(Figure.plural(content.comparison.pictures.count, "picture"))")
    }
    if let free = clips.free {
      findings.append(
        "\(Figure.iou(free)) free running over "
          + Figure.plural(content.comparison.clips.count, "clip"))
    }
    if findings.isEmpty, let features = pictures.featureSQNR {
      findings.append("image features at \(Figure.decibels(features)) or better")
    }
    return findings
  }

  private static func gaps(_ content: ReportContent) -> [String] {
    var gaps: [String] = []
    if content.recipe != nil, content.calibrated == nil {
      gaps.append(
        "No calibration inputs were given: no smoothing, no correction of biases, and neither "
          + "rounding of activations nor sensitivity was measured.")
    }
    if content.pictureOrigin == .sample {
      gaps.append("Pictures: scenes of the built-in sample were used.")
    }
    if content.clipOrigin == .sample, !content.comparison.clips.isEmpty {
      gaps.append("Video: a clip of the built-in sample scene was used.")
    }
    for (inputs, origin) in [("Pictures", content.pictureOrigin), ("Clips", content.clipOrigin)]
    where origin == .calibration {
      gaps.append("\(inputs) were too few to keep any out of calibration.")
    }
    if content.after.graph("decode_masks") == nil {
      gaps.append("The file holds the image encoder only: its features were compared.")
    } else if content.after.graph("attend_memory") == nil {
      gaps.append("The file holds no memory and cannot track: video was not measured.")
    }
    if let skipped = content.calibrated?.skipped.count, skipped > 0 {
      gaps.append("\(Figure.plural(skipped, "input")) could not be decoded.")
    }
    return gaps
  }
}
