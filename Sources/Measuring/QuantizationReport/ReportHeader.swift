internal import JSON

/// The conclusion of a report, above its sections.
protocol ReportHeader {
  /// One sentence.
  var line: String { get }
  var markup: Markup { get }
  var json: JSONValue { get }
}

/// The top of the page: how far the models agree, in a word, a sentence and a few figures.
struct HeaderMarkup {
  /// Name of the level, by which it is coloured.
  let level: String
  let text: String
  /// The file that the report is about.
  let name: String
  let line: String
  let facts: [(name: String, value: String)]
  /// Figures that are missing, and the reasons.
  let gaps: [String]

  var markup: Markup {
    .element(
      "header",
      [
        .element("p", ["class": "status \(level)"], [Markup(text)]),
        .element("h1", "int8 report: \(name)"),
        .element("p", ["class": "verdict"], line), .facts(facts),
        gaps.isEmpty
          ? Markup([])
          : .element(
            "details", ["class": "gaps", "open": ""],
            [
              .element("summary", "Not measured, or measured on the sample scene"),
              .element("ul", gaps.map { .element("li", $0) }),
            ]),
      ])
  }
}
