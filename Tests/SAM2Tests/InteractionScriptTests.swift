import Bytes
import JSON
import TestSupport
import Testing

@testable import SAM2

@Suite struct InteractionScriptTests {
  private func parse(_ text: String) throws(Failure) -> InteractionScript {
    try InteractionScript(parsing: Array(text.utf8))
  }

  private func failure(_ actions: String) -> Failure? {
    do {
      _ = try parse("{\"actions\": [\(actions)]}")
      return nil
    } catch {
      return error
    }
  }

  private static var search: InteractionScript.Search {
    var search = InteractionScript.Search(frame: 3, texts: ["a", "b"], interval: 5)
    (search.threshold, search.suppression, search.maximumCount) = (0.25, 1, 7)
    return search
  }

  @Test func readsEveryAction() throws {
    let script = try parse(
      """
      {"actions": [
        {"do": "add_points", "frame": 0, "object": 1, "points": [[210, 350.5]], "labels": [1],
         "box": null, "clear": false},
        {"do": "add_points", "frame": 3, "object": 2, "box": [1, 2, 30, 40]},
        {"do": "add_mask", "frame": 0, "object": 2, "mask": "mask.png"},
        {"do": "propagate", "start": 0, "max_frames": null, "reverse": true},
        {"do": "propagate"},
        {"do": "clear_frame", "frame": 5, "object": 1},
        {"do": "remove_object", "object": 2},
        {"do": "detect", "text": "red hexagon"},
        {"do": "detect", "frame": 3, "text": ["a", "b"], "detect_every": 5, "threshold": 0.25,
         "nms": 1, "max_detections": 7},
        {"do": "reset"}]}
      """)
    #expect(
      script.actions == [
        .addPoints(
          frame: 0, object: 1, points: [.init(x: 210, y: 350.5, label: 1)], box: nil,
          clearOldPoints: false),
        .addPoints(
          frame: 3, object: 2, points: [], box: .init(x0: 1, y0: 2, x1: 30, y1: 40),
          clearOldPoints: true),
        .addMask(frame: 0, object: 2, file: "mask.png"),
        .propagate(start: 0, maxFrames: nil, isReverse: true),
        .propagate(start: nil, maxFrames: nil, isReverse: false),
        .clearFrame(frame: 5, object: 1), .removeObject(2),
        .detect(.init(texts: ["red hexagon"])), .detect(Self.search), .reset,
      ])
    #expect(script.searches == [.init(texts: ["red hexagon"]), Self.search])
    #expect(try InteractionScript(json: script.json) == script)
    #expect(script.maskFiles == ["mask.png"])
  }

  @Test(arguments: [
    ("{\"do\": \"jump\"}", "script.action"),
    ("{\"do\": \"reset\", \"now\": true}", "script.member"),
    ("{\"frame\": 1}", "script.missing"),
    ("{\"do\": \"clear_frame\", \"frame\": 1}", "script.missing"),
    ("{\"do\": \"clear_frame\", \"frame\": 1.5, \"object\": 1}", "script.type"),
    ("7", "script.type"),
    (
      "{\"do\": \"add_points\", \"frame\": 0, \"object\": 1, \"points\": [[1, 2]]}",
      "script.labels"
    ),
    (
      "{\"do\": \"add_points\", \"frame\": 0, \"object\": 1, \"points\": [[1]], \"labels\": [1]}",
      "script.type"
    ),
    (
      "{\"do\": \"add_points\", \"frame\": 0, \"object\": 1, \"box\": [1, 2, 3]}", "script.type"
    ),
    ("{\"do\": \"detect\"}", "script.missing"),
    ("{\"do\": \"detect\", \"text\": []}", "script.type"),
    ("{\"do\": \"detect\", \"text\": [\"a\", 1]}", "script.type"),
    ("{\"do\": \"detect\", \"text\": [\"a\", \"a\"]}", "script.type"),
    ("{\"do\": \"detect\", \"text\": \"a\", \"object\": 1}", "script.member"),
    ("{\"do\": \"detect\", \"text\": \"a\", \"detect_every\": 0}", "script.detect"),
    ("{\"do\": \"detect\", \"text\": \"a\", \"threshold\": 1.5}", "script.detect"),
    ("{\"do\": \"detect\", \"text\": \"a\", \"nms\": -0.5}", "script.detect"),
    ("{\"do\": \"detect\", \"text\": \"a\", \"max_detections\": 0}", "script.detect"),
    ("{\"do\": \"reset\", \"do\": \"reset\"}", "json.duplicate_key"),
  ])
  func refuses(action: String, code: String) {
    #expect(failure(action)?.code == code)
  }

  @Test func mayNameItsTracker() throws {
    let text = "{\"actions\":[{\"do\":\"reset\"}],\"tracker\":\"sam2\"}"
    let script = try parse(text)
    #expect(script.tracker == .sam2)
    #expect(script.json.text() == text)
    // A script without stays as it was: saved jobs know it by its text.
    let plain = try parse("{\"actions\": [{\"do\": \"reset\"}], \"tracker\": null}")
    #expect(plain == InteractionScript([.reset]))
    #expect(plain.json.text() == "{\"actions\":[{\"do\":\"reset\"}]}")
    for (member, code) in [("\"sam\"", "script.tracker"), ("3", "script.type")] {
      #expect(throws: TestSupport.failure(code)) {
        try parse("{\"actions\": [], \"tracker\": \(member)}")
      }
    }
  }

  @Test func failuresNameTheAction() {
    #expect(failure("{\"do\": \"reset\"}, {\"do\": \"jump\"}")?.place == "actions[1]")
  }
}
