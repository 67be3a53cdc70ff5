internal import Calibration
internal import Comparison
internal import Graph
internal import JSON

/// The conclusion, in a line and a few figures.
struct VerdictSection: ReportHeader {
  /// How far the masks agree.
  enum Level: String {
    case agree
    case mostly
    case differ
    /// There are no masks to compare.
    case unmeasured

    var text: String {
      switch self {
      case .agree: "masks agree"
      case .mostly: "masks mostly agree"
      case .differ: "masks differ"
      case .unmeasured: "masks not measured"
      }
    }
  }

  /// Minimum mean IoU of pictures and clips at which masks count as agreeing, or mostly agreeing.
  private static let (agreement, partialAgreement) = (0.99, 0.95)

  private let content: ReportContent
  private let pictures: PictureSummary
  private let clips: ClipSummary

  init(_ content: ReportContent) {
    self.content = content
    pictures = PictureSummary(content.comparison.pictures)
    clips = ClipSummary(content.comparison.clips)
  }

  private var level: Level {
    guard let minimum = [pictures.mean, clips.free].compactMap(\.self).min() else {
      return .unmeasured
    }
    return minimum >= Self.agreement ? .agree : minimum >= Self.partialAgreement ? .mostly : .differ
  }

  private var share: Double {
    Double(content.output.byteCount) / Double(max(1, content.input.byteCount))
  }

  var line: String {
    var parts: [String] = []
    if let mean = pictures.mean {
      parts.append(
        "mean IoU \(Figure.iou(mean)) over \(Figure.plural(pictures.ious.count, "mask")) of "
          + "\(Figure.plural(content.comparison.pictures.count, "picture"))")
    }
    if let free = clips.free {
      parts.append(
        "\(Figure.iou(free)) free running over "
          + Figure.plural(content.comparison.clips.count, "clip"))
    }
    if parts.isEmpty, let features = pictures.featureSQNR {
      parts.append("image features at \(Figure.decibels(features)) or better")
    }
    return "\(content.output.name) against \(content.input.name): "
      + parts.joined(separator: ", ") + ", at \(Figure.percent(share)) of the size."
  }

  /// Figures that are missing, and the reasons.
  private var gaps: [String] {
    var gaps: [String] = []
    let isRounded = content.recipe != nil
    if isRounded, content.calibrated == nil {
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
    for (what, origin) in [("Pictures", content.pictureOrigin), ("Clips", content.clipOrigin)]
    where origin == .calibration {
      gaps.append("\(what) were too few to keep any out of calibration.")
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

  // MARK: - Page

  var markup: Markup {
    HeaderMarkup(
      level: level.rawValue, text: level.text, name: content.output.name, line: line,
      facts: [
        ("of \(Figure.bytes(content.input.byteCount))", Figure.bytes(content.output.byteCount)),
        ("pictures, mean IoU", Figure.iou(pictures.mean)),
        ("5th percentile", Figure.iou(pictures.percentile5)),
        ("video, free running", Figure.iou(clips.free)),
        ("teacher forced", Figure.iou(clips.forced)),
        ("image features", Figure.decibels(pictures.featureSQNR)),
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
