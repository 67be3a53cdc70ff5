import Bytes
import Detector
import Endpoints
import JSON
import Media
import SampleScene
import TestSupport
import Testing
import Workbench

@Suite("The endpoint that finds objects by words")
struct DetectAPITests {
  private static let detector = Result { () throws(Failure) in
    try Detector(
      path: #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        .joined(separator: "/") + "/Sources/Commands/CBundledModel/shapes-int8.sam2")
  }

  /// What `endpoint` says to `body` about the sample picture.
  private func answer(_ body: String, detector: Detector?) async throws -> JSONValue {
    let workbench = try LiveServer.workbench()
    defer { workbench.stop() }
    let picture = try PNGWriter.encode(SampleScene().still().image)
    let session = try workbench.pictures.open(upload: picture, name: "scene.png")
    let endpoint = DetectEndpoints(workbench, detector).endpoints[0]
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
