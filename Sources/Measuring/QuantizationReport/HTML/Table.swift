/// A table that can be read aloud, scrolled on a phone, and sorted where that is useful.
struct Table {
  struct Column {
    let title: String
    /// Whether its cells are right-aligned, as numbers are.
    var isNumber = false
    /// Whether long text may wrap onto several lines.
    var wraps = false
    /// An explanation of the title, shown on hover.
    var help: String?
  }

  /// The content of a cell, and the value used to sort rows.
  struct Cell {
    let content: Markup
    /// For numbers, in full precision; nil sorts last.
    var value: Double?

    init(_ text: String) { content = Markup(text) }

    init(_ content: Markup, value: Double? = nil) {
      self.content = content
      self.value = value
    }

    /// A number with `digits` decimals, or a dash if there is none.
    init(_ number: Double?, _ digits: Int, unit: String = "") {
      content = Markup(Figure.text(number, digits) + (number == nil ? "" : unit))
      value = number
    }

    init(_ count: Int) {
      content = Markup(Figure.count(count))
      value = Double(count)
    }
  }

  let caption: String
  let columns: [Column]
  let rows: [[Cell]]
  /// The words that identify each row to the page's filter; empty for tables without a filter.
  var kinds: [String] = []
  var isSortable = false

  var markup: Markup {
    let head = Markup.element("thead", [.element("tr", columns.map(title))])
    let body = rows.enumerated().map { index, row in
      Markup.element(
        "tr", kinds.isEmpty ? [:] : ["data-kind": kinds[index]],
        zip(row, columns).enumerated().map { cell($1.0, $1.1, isFirst: $0 == 0) })
    }
    let table = Markup.element(
      "table", isSortable ? ["class": "sortable"] : [:],
      [.element("caption", caption), head, .element("tbody", body)])
    // Reachable by keyboard, since it may need scrolling.
    return .element(
      "div", ["class": "scroll", "role": "region", "aria-label": caption, "tabindex": "0"],
      [table])
  }

  private func title(_ column: Column) -> Markup {
    let content: Markup =
      isSortable
      ? .element("button", ["type": "button"], column.title) : Markup(column.title)
    let kind = column.kind
    guard let help = column.help else {
      return .element("th", ["scope": "col", "class": kind], [content])
    }
    return .element("th", ["scope": "col", "class": kind, "title": help], [content])
  }

  private func cell(_ cell: Cell, _ column: Column, isFirst: Bool) -> Markup {
    let kind = column.kind
    if isFirst { return .element("th", ["scope": "row", "class": kind], [cell.content]) }
    guard isSortable, let value = cell.value else {
      return .element("td", ["class": kind], [cell.content])
    }
    return .element("td", ["class": kind, "data-value": "\(value)"], [cell.content])
  }
}

extension Table.Column {
  /// The class of its cells.
  fileprivate var kind: String { isNumber ? "n" : wraps ? "w" : "t" }
}
