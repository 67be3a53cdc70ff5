internal import JSON

/// The conclusion of a report, shown above its sections: how closely the models agree, in a word, a
/// sentence and a few figures.
struct Verdict {
  /// How closely the models' results agree.
  enum Level: String {
    case agree
    case mostly
    case differ
    /// There are no results to compare.
    case unmeasured

    /// The level for a figure of agreement; `unmeasured` if it is nil.
    /// - Parameters:
    ///   - agreement: The figure, such as a mean IoU.
    ///   - full: Minimum at which results count as agreeing.
    ///   - partial: Minimum at which they count as mostly agreeing.
    init(_ agreement: Double?, full: Double, partial: Double) {
      guard let agreement else {
        self = .unmeasured
        return
      }
      self = agreement >= full ? .agree : agreement >= partial ? .mostly : .differ
    }

    var text: String {
      switch self {
      case .agree: "agree"
      case .mostly: "mostly agree"
      case .differ: "differ"
      case .unmeasured: "not measured"
      }
    }
  }

  typealias Fact = (name: String, value: String)

  let level: Level
  /// One sentence.
  let line: String
  let markup: Markup
  private let share: Double
  private let gaps: [String]

  /// - Parameters:
  ///   - level: How far the results agree.
  ///   - results: The plural noun of the results: masks, or boxes.
  ///   - content: The run.
  ///   - findings: Parts of the sentence.
  ///   - facts: Figures beside the size.
  ///   - gaps: Figures that are missing, and the reasons.
  init(
    _ level: Level, of results: String, in content: some ReportedRun, findings: [String],
    facts: [Fact], gaps: [String]
  ) {
    let (input, output) = (content.input, content.output)
    self.level = level
    self.gaps = gaps
    share = Double(output.byteCount) / Double(max(1, input.byteCount))
    line =
      "\(output.name) against \(input.name): "
      + (findings + ["at \(Figure.percent(share)) of the size."]).joined(separator: ", ")
    let size = ("of \(Figure.bytes(input.byteCount))", Figure.bytes(output.byteCount))
    markup = .element(
      "header",
      [
        .element("p", ["class": "status \(level.rawValue)"], "\(results) \(level.text)"),
        .element("h1", "int8 report: \(output.name)"),
        .element("p", ["class": "verdict"], line), .facts([size] + facts),
        Self.list(gaps),
      ])
  }

  private static func list(_ gaps: [String]) -> Markup {
    guard !gaps.isEmpty else { return Markup([]) }
    return .element(
      "details", ["class": "gaps", "open": ""],
      [
        .element("summary", "Not measured, or measured on the sample scene"),
        .element("ul", gaps.map { .element("li", $0) }),
      ])
  }

  var json: JSONValue {
    [
      "level": .string(level.rawValue), "text": .string(line),
      "size_share": Figure.json(share, 6), "gaps": .array(gaps.map { .string($0) }),
    ]
  }
}
