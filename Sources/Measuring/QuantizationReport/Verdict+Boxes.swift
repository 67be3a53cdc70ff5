internal import Calibration
internal import Comparison

extension Verdict {
  /// The conclusion about a detector: boxes count as agreeing if 90 % of them are within IoU 0.95.
  init(boxes content: DetectorReportContent) {
    let found = content.agreement
    // If no score is above the threshold, there is nothing to compare.
    let isMeasured = found.detectionCount > 0
    let features = "class features at \(Figure.decibels(found.classSignal))"
    let boxes =
      "\(Figure.percent(found.boxAgreement)) of "
      + "\(Figure.plural(found.detectionCount, "box", "boxes")) within IoU 0.95"
    self.init(
      Level(isMeasured ? found.boxAgreement : nil, full: 0.9, partial: 0.75),
      of: "boxes", in: content, findings: isMeasured ? [boxes, features] : [features],
      facts: [
        ("boxes within IoU 0.95", isMeasured ? Figure.percent(found.boxAgreement) : "–"),
        ("same text", isMeasured ? Figure.percent(found.labelAgreement) : "–"),
        ("class features", Figure.decibels(found.classSignal)),
      ], gaps: Self.gaps(content))
  }

  private static func gaps(_ content: DetectorReportContent) -> [String] {
    var gaps: [String] = []
    switch content.origin {
    case .sample: gaps.append("Pictures: scenes of the built-in sample were used.")
    case .calibration: gaps.append("Pictures were too few to keep any out of calibration.")
    case .heldOut: break
    }
    if !content.looked.skipped.isEmpty {
      gaps.append("\(Figure.plural(content.looked.skipped.count, "input")) could not be decoded.")
    }
    return gaps
  }
}
