import Bytes
import DetectorConfig
import DetectorImport
import Media
import SampleScene
import TestSupport
import Testing

@testable import Detector

@Suite("The results of a detector")
struct DetectionTests {
  private let detector: Detector

  init() throws { detector = try Detector(try ReferenceFixture().imported(.owlv2).model) }

  private let picture = SampleScene(seed: 3).still(width: 120, height: 80).image

  @Test("is inside of the picture, best first, above the threshold")
  func order() throws {
    let queries = try detector.queries(for: ["the", "on"])
    var options = DetectionOptions()
    options.threshold = 0
    options.suppression = 1
    options.maximumCount = 1000
    let all = try detector.detect(queries, in: picture, options: options)
    options.threshold = try #require(all.dropFirst(all.count / 2).first).score
    let found = try detector.detect(queries, in: picture, options: options)
    #expect(found.count == all.count / 2 && found == Array(all.prefix(found.count)))
    #expect(found.allSatisfy { $0.score > options.threshold && (0...1).contains($0.query) })
    #expect(zip(found, found.dropFirst()).allSatisfy { $0.score >= $1.score })
    #expect(
      found.allSatisfy {
        $0.box.x0 >= 0 && $0.box.y0 >= 0 && $0.box.x1 <= 120 && $0.box.y1 <= 80
          && $0.box.area > 0
      })
  }

  @Test("reports how many it leaves out")
  func limit() throws {
    let boxes = try detector.look(at: picture)
    let queries = try detector.queries(for: ["the"])
    var options = DetectionOptions()
    options.threshold = 0
    options.suppression = 1
    let all = try detector.detections(queries, in: boxes, options: options)
    #expect(all.found.count > 3 && all.leftOut == 0)
    options.maximumCount = 3
    let some = try detector.detections(queries, in: boxes, options: options)
    #expect(some.found == Array(all.found.prefix(3)))
    #expect(some.leftOut == all.found.count - 3)
  }

  @Test("has no duplicates of one query")
  func duplicates() {
    func box(_ x: Float) -> Detection.Box { .init(x0: x, y0: 0, x1: x + 10, y1: 10) }
    let found = [
      Detection(query: 0, score: 0.9, box: box(0)), Detection(query: 0, score: 0.8, box: box(2)),
      Detection(query: 1, score: 0.7, box: box(1)), Detection(query: 0, score: 0.6, box: box(9)),
    ]
    // Boxes 2 apart overlap by 80 of 120, those 9 apart by 10 of 190.
    let kept = Detector.withoutDuplicates(found, overlap: 0.5)
    #expect(kept.map(\.score) == [0.9, 0.7, 0.6])
    #expect(Detector.withoutDuplicates(found, overlap: 1) == found)
    #expect(Detector.withoutDuplicates(found, overlap: 0.7).count == 4)
    #expect(Detector.withoutDuplicates(found, overlap: 0).map(\.score) == [0.9, 0.7])
  }

  @Test(
    "refuses texts that it cannot read",
    arguments: [
      ("", "detect.text_empty"), (" \t\n", "detect.text_empty"),
      ("a\u{FFFD}b", "detect.text_utf8"),
      (String(repeating: "hexagon ", count: 9), "detect.text_long"),
      (String(repeating: "x", count: 100_000), "detect.text_long"),
    ])
  func texts(_ text: String, _ code: String) {
    #expect(throws: failure(code)) { try detector.queries(for: ["fine", text]) }
  }

  @Test("refuses thresholds outside of 0 to 1, no texts, and boxes that hold nothing")
  func options() throws {
    let queries = try detector.queries(for: ["the"])
    for value in [-0.1, 1.1, Float.nan, .infinity] {
      var options = DetectionOptions()
      options.threshold = value
      #expect(throws: failure("detect.threshold")) {
        try detector.detect(queries, in: picture, options: options)
      }
      options = DetectionOptions()
      options.suppression = value
      #expect(throws: failure("detect.suppression")) { try options.validate() }
    }
    var none = DetectionOptions()
    none.maximumCount = 0
    #expect(throws: failure("detect.count")) { try none.validate() }
    #expect(throws: failure("detect.text_none")) { try detector.queries(for: []) }
    let outside = [
      Detection.Box(x0: 5, y0: 5, x1: 5, y1: 9), .init(x0: 9, y0: 5, x1: 5, y1: 9),
      .init(x0: 200, y0: 5, x1: 210, y1: 9), .init(x0: .nan, y0: 5, x1: 5, y1: 9),
    ]
    for box in outside {
      #expect(throws: failure("detect.example_box")) {
        try detector.query(like: picture, box: box)
      }
    }
  }

  @Test("by an example is the patch that fits its box")
  func example() throws {
    let seen = try detector.look(at: picture)
    let boxes = seen.pixelBoxes
    let index = try #require(
      boxes.indices.first { boxes[$0].clipped(width: 120, height: 80).area > 40 })
    let box = boxes[index].clipped(width: 120, height: 80)
    let chosen = seen.bestPatch(for: box)
    let best = boxes.map { $0.overlap(box) }.max() ?? 0
    #expect(boxes[chosen].overlap(box) >= best * 0.8)
    let query = try detector.query(like: picture, box: box, label: "this")
    #expect(query.labels == ["this"])
    #expect(query.vectors == [seen.classVector(chosen)])
  }
}
