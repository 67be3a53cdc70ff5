/// IoU over the frames of a clip, as inline SVG in the page's colours.
struct LineChart {
  struct Series {
    let name: String
    /// A class with its colour, solid or dashed, in the style sheet.
    let style: StaticString
    let values: [Double]
  }

  /// A description for people who cannot see the chart.
  let label: String
  let series: [Series]

  private static let (width, height) = (720.0, 260.0)
  private static let (left, right, top, bottom) = (52.0, 12.0, 12.0, 34.0)

  /// Possible lower ends of the axis: the highest one below all values is used.
  private static let floors = [0.999, 0.995, 0.99, 0.98, 0.95, 0.9, 0.8, 0.5, 0]

  private var floor: Double {
    let minimum = series.flatMap(\.values).min() ?? 0
    return Self.floors.first { $0 <= minimum } ?? 0
  }

  private var frameCount: Int { series.map(\.values.count).max() ?? 0 }

  private func x(_ frame: Int) -> Double {
    let span = Self.width - Self.left - Self.right
    return Self.left + span * Double(frame) / Double(max(1, frameCount - 1))
  }

  private func y(_ value: Double) -> Double {
    let span = Self.height - Self.top - Self.bottom
    return Self.top + span * (1 - value) / (1 - floor)
  }

  private func text(_ value: Double) -> String { Figure.text(value, 1) }

  var markup: Markup {
    let size = "0 0 \(Int(Self.width)) \(Int(Self.height))"
    let drawing = Markup.element(
      "svg", ["viewBox": size, "role": "img", "aria-label": label, "class": "chart"],
      grid + frames + series.map(line))
    let frame = Markup.element(
      "div", ["class": "scroll", "role": "region", "aria-label": "drift curve", "tabindex": "0"],
      [drawing])
    return .element("figure", [frame, .element("figcaption", legend)])
  }

  // MARK: - Axes

  /// Five levels, from the floor to 1.
  private var grid: [Markup] {
    (0...4).flatMap { step in
      let value = floor + (1 - floor) * Double(step) / 4
      return [
        Markup.element(
          "line",
          [
            "x1": text(Self.left), "x2": text(Self.width - Self.right), "y1": text(y(value)),
            "y2": text(y(value)), "class": "grid",
          ], []),
        .element(
          "text",
          ["x": text(Self.left - 6), "y": text(y(value) + 4), "class": "tick end"],
          Figure.text(value, floor >= 0.98 ? 4 : floor >= 0.9 ? 3 : 2)),
      ]
    }
  }

  /// The numbers of about eight frames.
  private var frames: [Markup] {
    guard frameCount > 0 else { return [] }
    let steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000]
    let step = steps.first { frameCount / $0 <= 8 } ?? frameCount
    let ticks = stride(from: 0, to: frameCount, by: step).map { frame in
      Markup.element(
        "text",
        ["x": text(x(frame)), "y": text(Self.height - Self.bottom + 16), "class": "tick mid"],
        String(frame))
    }
    let title = Markup.element(
      "text",
      [
        "x": text((Self.left + Self.width - Self.right) / 2), "y": text(Self.height - 4),
        "class": "tick mid",
      ], "frame")
    return ticks + [title]
  }

  // MARK: - Lines

  private func line(_ series: Series) -> Markup {
    let points = series.values.enumerated().map { "\(text(x($0))),\(text(y($1)))" }
    return .element(
      "polyline", ["points": points.joined(separator: " "), "class": series.style.description],
      [.element("title", series.name)])
  }

  private var legend: [Markup] {
    series.map { series in
      .element(
        "span", ["class": "key"],
        [
          .element(
            "svg", ["viewBox": "0 0 28 8", "class": "swatch", "aria-hidden": "true"],
            [.element("line", line(style: series.style), [])]),
          Markup(series.name),
        ])
    }
  }

  private func line(style: StaticString) -> Markup.Attributes {
    ["x1": "0", "x2": "28", "y1": "4", "y2": "4", "class": style.description]
  }
}
