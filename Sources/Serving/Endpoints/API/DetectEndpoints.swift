import Bytes
import Detector
import JSON
import Media
public import Workbench

/// Finding objects by words in open pictures and in video frames; `Formats/serve-api.md` describes
/// it.
///
/// Boxes are prompts for `/api/images/{id}/predict` and `/api/videos/{id}/prompts`.
public struct DetectEndpoints: Sendable {
  private let workbench: Workbench
  private let finder: WordFinder

  public init(_ workbench: Workbench, _ finder: WordFinder) {
    (self.workbench, self.finder) = (workbench, finder)
  }

  public var endpoints: [Endpoint] {
    let json = Endpoint.Body.json(limit: BodyLimit.json)
    return [
      Endpoint(.post, "/api/images/{id}/detect", body: json) { try await inPicture($0) },
      Endpoint(.post, "/api/videos/{id}/detect", body: json) { try await inFrame($0) },
    ]
  }

  private static let members: Set<String> = ["text", "threshold", "nms", "max_detections"]

  private func inPicture(_ call: Call) async throws -> Answer {
    let session = try workbench.pictures.session(call.parameter("id"))
    let request = try RequestObject(call.json(), members: Self.members)
    return try await answer(request) { try await workbench.pictures.picture(of: session) }
  }

  private func inFrame(_ call: Call) async throws -> Answer {
    let session = try await workbench.videos.session(call.parameter("id"))
    let request = try RequestObject(call.json(), members: Self.members.union(["frame"]))
    let frame = try request.integer("frame")
    return try await answer(request) {
      try await workbench.videos.picture(of: session, frame: frame)
    }
  }

  private func answer(
    _ request: RequestObject, picture: () async throws -> RGBImage
  ) async throws -> Answer {
    let texts = try request.strings("text")
    let (found, leftOut) = try await finder.find(texts, options: options(request), in: picture)
    return Answer([
      "detections": .array(found.map { Self.json($0, texts) }), "left_out": .init(leftOut),
    ])
  }

  private func options(_ request: RequestObject) throws(Failure) -> DetectionOptions {
    var options = DetectionOptions()
    if let threshold = try request.optionalNumber("threshold") {
      options.threshold = Float(threshold)
    }
    if let suppression = try request.optionalNumber("nms") {
      options.suppression = Float(suppression)
    }
    if let count = try request.optionalInteger("max_detections") { options.maximumCount = count }
    return options
  }

  /// Label, score and box [x0, y0, x1, y1], as written by `sam2 detect --json`.
  private static func json(_ found: Detection, _ labels: [String]) -> JSONValue {
    let box = found.box
    return [
      "label": .string(labels[found.query]), "score": .init(found.score),
      "box": .array([box.x0, box.y0, box.x1, box.y1].map { .init($0) }),
    ]
  }
}
