/// The distribution of mask agreement, as bars.
struct Histogram {
  /// Lower edges of the bins; the last bin ends at 1.
  private static let edges = [0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1]

  private let counts: [Int]

  init(_ ious: [Double]) {
    counts = Self.edges.indices.map { index in
      let upper = index + 1 < Self.edges.count ? Self.edges[index + 1] : 2
      return ious.count { $0 >= Self.edges[index] && $0 < upper }
    }
  }

  /// Starts at the first non-empty bin.
  var markup: Markup {
    let first = counts.firstIndex { $0 > 0 } ?? 0
    let maximum = Double(max(1, counts.max() ?? 1))
    let rows = (first..<counts.count).map { index in
      Markup.element(
        "tr",
        [
          .element("th", ["scope": "row"], Self.name(of: index)),
          .element("td", ["class": "bars"], [.bar(Double(counts[index]) / maximum)]),
          .element("td", ["class": "n"], Figure.count(counts[index])),
        ])
    }
    let head = Markup.element(
      "thead",
      [
        .element(
          "tr",
          [
            .element("th", ["scope": "col"], "IoU"), .element("th", ["scope": "col"], "share"),
            .element("th", ["scope": "col", "class": "n"], "masks"),
          ])
      ])
    return .element(
      "table", ["class": "histogram"],
      [
        .element("caption", "How well the masks agree"), head, .element("tbody", rows),
      ])
  }

  private static func name(of index: Int) -> String {
    guard index + 1 < edges.count else { return "equal" }
    let upper = index + 2 < edges.count ? "\(edges[index + 1])" : "1"
    return "\(edges[index]) – \(upper)"
  }
}

extension Markup {
  /// A bar whose length is a share of its cell's width, 0...1.
  static func bar(_ share: Double, _ kind: StaticString = "bar") -> Markup {
    let width = Figure.text(100 * min(1, max(0, share)), 2)
    return .element("span", ["class": kind.description, "style": "width:\(width)%"], "")
  }
}
