import Testing

@testable import QuantizationReport

/// Drift curves and histograms.
struct ChartTests {
  private func points(_ markup: Markup) -> [[Double]] {
    guard let start = markup.text.firstRange(of: "points=\"") else { return [] }
    return markup.text[start.upperBound...].prefix { $0 != "\"" }.split(separator: " ").map {
      $0.split(separator: ",").compactMap { Double($0) }
    }
  }

  private func chart(_ values: [Double]) -> Markup {
    LineChart(
      label: "a <label>", series: [.init(name: "free", style: "free", values: values)]
    ).markup
  }

  @Test func curvesFallAsIoUFalls() {
    let points = points(chart([1, 0.99, 0.97, 0.98]))
    #expect(points.count == 4)
    #expect(zip(points, points.dropFirst()).allSatisfy { $0[0] < $1[0] })
    #expect(points[0][1] < points[1][1] && points[1][1] < points[2][1])
    #expect(points[3][1] < points[2][1])
  }

  @Test(arguments: [[1.0], [], [0, 1], [0.9999, 1], [1, 1, 1]])
  func everyCurveStaysInside(values: [Double]) {
    let markup = chart(values)
    #expect(PageReader(markup.text).problem == nil)
    for point in points(markup) {
      #expect((0...720).contains(point[0]) && (0...260).contains(point[1]), "\(point)")
    }
    #expect(markup.text.contains("a &lt;label&gt;"))
  }

  @Test func barsCountEveryMaskOnce() {
    let ious = [1, 1, 0.9995, 0.999, 0.97, 0.3, 0]
    let rows = Histogram(ious).markup.text.pieces("<td class=\"n\">").dropFirst()
    let counts = rows.compactMap { Int($0.prefix { $0.isNumber }) }
    #expect(counts.reduce(0, +) == ious.count)
    #expect(counts.last == 2 && counts.first == 2)
    #expect(PageReader(Histogram([]).markup.text).problem == nil)
  }
}
