internal import Calibration
internal import Comparison
internal import JSON

/// The conclusion about a detector, in a line and a few figures.
struct BoxVerdict: ReportHeader {
  /// How far the boxes agree.
  enum Level: String {
    case agree
    case mostly
    case differ
    /// No score was above the threshold.
    case unmeasured

    var text: String {
      switch self {
      case .agree: "boxes agree"
      case .mostly: "boxes mostly agree"
      case .differ: "boxes differ"
      case .unmeasured: "boxes not measured"
      }
    }
  }

  /// Minimum share of boxes within an IoU of 0.95 at which boxes count as agreeing, or mostly agreeing.
  private static let (agreement, partialAgreement) = (0.9, 0.75)

  private let content: DetectorReportContent
  private var found: DetectorAgreement { content.agreement }

  init(_ content: DetectorReportContent) { self.content = content }

  private var level: Level {
    guard found.detectionCount > 0 else { return .unmeasured }
    let share = found.boxAgreement
    return share >= Self.agreement ? .agree : share >= Self.partialAgreement ? .mostly : .differ
  }

  private var share: Double {
    Double(content.output.byteCount) / Double(max(1, content.input.byteCount))
  }

  var line: String {
    let boxes =
      found.detectionCount > 0
      ? "\(Figure.percent(found.boxAgreement)) of "
        + "\(Figure.plural(found.detectionCount, "box", "boxes")) within IoU 0.95, " : ""
    return "\(content.output.name) against \(content.input.name): \(boxes)class features at "
      + "\(Figure.decibels(found.classSignal)), at \(Figure.percent(share)) of the size."
  }

  /// Figures that are missing, and the reasons.
  private var gaps: [String] {
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

  // MARK: - Page

  var markup: Markup {
    HeaderMarkup(
      level: level.rawValue, text: level.text, name: content.output.name, line: line,
      facts: [
        ("of \(Figure.bytes(content.input.byteCount))", Figure.bytes(content.output.byteCount)),
        (
          "boxes within IoU 0.95",
          found.detectionCount > 0 ? Figure.percent(found.boxAgreement) : "–"
        ),
        ("same text", found.detectionCount > 0 ? Figure.percent(found.labelAgreement) : "–"),
        ("class features", Figure.decibels(found.classSignal)),
      ], gaps: gaps
    ).markup
  }

  // MARK: - Data

  var json: JSONValue {
    [
      "level": .string(level.rawValue), "text": .string(line),
      "size_share": Figure.json(share, 6), "gaps": .array(gaps.map { .string($0) }),
    ]
  }
}
