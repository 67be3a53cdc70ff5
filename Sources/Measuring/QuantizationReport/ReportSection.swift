internal import JSON

/// One part of a report, both as a page section and as data with the same figures.
protocol ReportSection {
  /// The anchor in the page and the member name in the JSON.
  var key: StaticString { get }
  var title: String { get }
  /// The contents below the title.
  var body: [Markup] { get }
  var json: JSONValue { get }
}

extension ReportSection {
  var markup: Markup {
    .element(
      "section", ["id": key.description, "aria-labelledby": "h-\(key)"],
      [.element("h2", ["id": "h-\(key)"], title)] + body)
  }

  /// A paragraph explaining what a figure means or lacks.
  func note(_ text: String) -> Markup { .element("p", ["class": "note"], text) }
}
