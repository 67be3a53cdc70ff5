import Bytes
import Detector
import Endpoints
import JSON
import Media
import SampleScene
import TestSupport
import Testing
import ToolProtocols
import Workbench

@Suite("The endpoint that finds objects by words")
struct DetectAPITests {
  private static let detector = Result { () throws(Failure) in
    try Detector(
      path: #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        .joined(separator: "/") + "/Sources/Commands/CBundledModel/shapes-int8.sam2")
  }

  /// The answer to `body` about the sample picture.
  private func answer(_ body: String, detector: Detector?) async throws -> JSONValue {
    let workbench = try LiveServer.workbench()
    defer { workbench.stop() }
    let picture = try PNGWriter.encode(SampleScene().still().image)
    let session = try workbench.pictures.open(upload: picture, name: "scene.png")
    let endpoint = DetectEndpoints(workbench, WordFinder(workbench, detector)).endpoints[0]
    let answer = try await endpoint.handler(
      Call(parameters: ["id": session.id], body: Array(body.utf8)))
    guard case .bytes(let bytes) = answer.body else { throw RawClient.Problem.noConnection }
    return try JSONValue(parsing: bytes)
  }

  @Test("answers with boxes of what is there")
  func finds() async throws {
    let found = try await answer(
      #"{"text": ["teal hexagon", "red star"], "threshold": 0.3}"#, detector: Self.detector.get())
    let detections = try found.requiredArray("detections")
    #expect(try detections.map { try $0.requiredString("label") } == ["teal hexagon"])
    #expect(try detections[0].requiredArray("box").count == 4)
    #expect(try found.requiredInt("left_out") == 0)
  }

  @Test("answers with boxes on a frame")
  func frame() async throws {
    let workbench = try LiveServer.workbench()
    defer { workbench.stop() }
    let picture = try PNGWriter.encode(SampleScene().still().image)
    let session = try await workbench.videos.open(frames: [picture, picture])
    let words = WordFinder(workbench, try Self.detector.get())
    let endpoint = DetectEndpoints(workbench, words).endpoints[1]
    let body = #"{"frame": 1, "text": ["teal hexagon"], "threshold": 0.3}"#
    let answer = try await endpoint.handler(
      Call(parameters: ["id": session.id], body: Array(body.utf8)))
    guard case .bytes(let bytes) = answer.body else { throw RawClient.Problem.noConnection }
    #expect(try JSONValue(parsing: bytes).requiredArray("detections").count == 1)
  }

  @Test("X-AnyLabeling's words become shapes with the word as label")
  func anyLabeling() async throws {
    let workbench = try LiveServer.workbench()
    defer { workbench.stop() }
    let endpoints = ToolEndpoints(
      workbench, words: WordFinder(workbench, try Self.detector.get())
    ).endpoints
    let picture = try PNGWriter.encode(SampleScene().still().image)
    func shapes(_ text: String) async throws -> JSONValue {
      let body: JSONValue = [
        "model": "sam2", "image": .string(Base64.encode(picture)),
        "params": ["text_prompt": .string(text), "conf_threshold": 0.3],
      ]
      let endpoint = try #require(endpoints.first { $0.path == "/v1/predict" })
      let answer = try await endpoint.handler(Call(body: Array(body.text().utf8)))
      guard case .bytes(let bytes) = answer.body else { throw RawClient.Problem.noConnection }
      return try JSONValue(parsing: bytes)
    }
    let found = try await shapes("teal hexagon, red star.")
    let labels = try #require(found["data"]?["shapes"]?.array).map {
      try $0.requiredString("label")
    }
    #expect(Set(labels) == ["teal hexagon"])
    #expect(try await shapes(" . ")["error"]?["code"]?.string == "x_anylabeling.text")
  }

  @Test(
    "refuses what makes no sense",
    arguments: [
      (#"{}"#, "serve.text"), (#"{"text": ["a", "a"]}"#, "serve.text"),
      (#"{"text": [1]}"#, "json.type"), (#"{"text": [" "]}"#, "detect.text_empty"),
      (#"{"text": ["a"], "threshold": 2}"#, "detect.threshold"),
      (#"{"text": ["a"], "max_detections": 0}"#, "detect.count"),
      (#"{"text": ["a"], "box": [1, 2, 3, 4]}"#, "json.member"),
    ])
  func refuses(_ body: String, _ code: String) async throws {
    await #expect(throws: failure(code)) {
      try await answer(body, detector: Self.detector.get())
    }
  }

  @Test("needs a detector")
  func none() async throws {
    await #expect(throws: failure("detector.none")) {
      try await answer(#"{"text": ["a"]}"#, detector: nil)
    }
  }
}
