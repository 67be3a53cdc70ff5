public import Comparison
public import JSON

/// How closely a detector's boxes agree with those before rounding.
struct BoxSection: ReportSection {
  let key: StaticString = "boxes"
  let title = "Boxes"

  private let agreement: DetectorAgreement
  private let origin: ReportContent.Origin

  init(_ content: DetectorReportContent) {
    (agreement, origin) = (content.agreement, content.origin)
  }

  // MARK: - Page

  var body: [Markup] {
    let explanation =
      "Both models look for the same texts in \(Figure.plural(agreement.pictureCount, "picture")) "
      + "(\(origin.rawValue)). Compared is every patch whose score in floating point is above the "
      + "threshold: its best text, its box and its score."
    guard agreement.detectionCount > 0 else {
      return [note(explanation), note("No score was above the threshold: no boxes to compare.")]
    }
    let table = Table(
      caption: "Agreement of \(Figure.plural(agreement.detectionCount, "box", "boxes"))",
      columns: [.init(title: "figure", wraps: true), .init(title: "value", isNumber: true)],
      rows: [
        ("boxes within IoU 0.95", Figure.percent(agreement.boxAgreement)),
        ("mean IoU", Figure.iou(agreement.meanOverlap)),
        ("same text", Figure.percent(agreement.labelAgreement)),
        ("mean change of the score", Figure.text(agreement.meanScoreChange, 4)),
        ("largest change of the score", Figure.text(agreement.largestScoreChange, 4)),
        ("class features of all patches", Figure.decibels(agreement.classSignal)),
      ].map { [.init($0), .init($1)] })
    return [note(explanation), table.markup]
  }

  // MARK: - Data

  var json: JSONValue {
    .object([("origin", .string(origin.rawValue))] + (agreement.json.object ?? []))
  }
}

extension DetectorAgreement {
  /// The figures, without digits that would be noise; null if nothing was found.
  public var json: JSONValue {
    func rate(_ value: Double) -> JSONValue {
      detectionCount > 0 ? Figure.json(value, 5) : .null
    }
    return [
      "pictures": .init(pictureCount), "detections": .init(detectionCount),
      "boxes_within_iou_0.95": rate(boxAgreement), "mean_iou": rate(meanOverlap),
      "same_label": rate(labelAgreement), "mean_score_change": rate(meanScoreChange),
      "largest_score_change": rate(largestScoreChange),
      "class_signal_db": Figure.json(classSignal, 2),
    ]
  }
}
