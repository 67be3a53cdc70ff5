internal import JSON

/// One part of a report, as a page and as data with the same figures.
protocol ReportSection {
  /// Anchor in the page and member of the JSON.
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

  /// A paragraph about what a figure means or lacks.
  func note(_ text: String) -> Markup { .element("p", ["class": "note"], text) }
}
