internal import Bytes
internal import Comparison
internal import Graph
internal import JSON

/// The masks with the lowest agreement, side by side.
struct ExampleSection: ReportSection {
  let key: StaticString = "worst"
  let title = "Where they differ most"

  private let examples: [MaskExample]
  private let drawn: [Markup]
  private let hasMasks: Bool

  /// - Throws: anything thrown by drawing the pictures.
  init(_ content: ReportContent) throws(Failure) {
    examples = content.comparison.examples
    hasMasks = content.after.graph("decode_masks") != nil
    var drawn: [Markup] = []
    for example in examples { drawn.append(try MaskPictures(example).markup()) }
    self.drawn = drawn
  }

  // MARK: - Page

  var body: [Markup] {
    guard hasMasks else { return [note("Not measured: the file holds no mask decoder.")] }
    guard !examples.isEmpty else { return [note("All masks are equal.")] }
    let legend = Markup.element(
      "p", ["class": "note"],
      [
        Markup("The worst mask of each picture and clip, worst first. In the third picture "),
        .element("span", ["class": "chip both"], "gray"), Markup(" is inside for both, "),
        .element("span", ["class": "chip float"], "blue"), Markup(" for float32 only, "),
        .element("span", ["class": "chip int8"], "orange"), Markup(" for int8 only."),
      ])
    return [legend, .element("div", ["class": "examples"], drawn)]
  }

  // MARK: - Data

  var json: JSONValue {
    .array(
      examples.map { example in
        [
          "name": .string(example.name), "detail": .string(example.detail),
          "iou": Figure.json(example.iou, 6),
        ]
      })
  }
}
