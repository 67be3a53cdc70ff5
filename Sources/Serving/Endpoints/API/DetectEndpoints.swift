import Bytes
public import Detector
import JSON
public import Workbench

/// Finding objects in open pictures by words; `Formats/serve-api.md` describes it.
///
/// Boxes are prompts of `/api/images/{id}/predict`.
public struct DetectEndpoints: Sendable {
  private let workbench: Workbench
  /// Nil for a server without one.
  private let detector: Detector?

  /// Texts of one request.
  private static let textLimit = 256

  public init(_ workbench: Workbench, _ detector: Detector?) {
    (self.workbench, self.detector) = (workbench, detector)
  }

  public var endpoints: [Endpoint] {
    let json = Endpoint.Body.json(limit: BodyLimit.json)
    return [Endpoint(.post, "/api/images/{id}/detect", body: json) { try await detect($0) }]
  }

  private func detect(_ call: Call) async throws -> Answer {
    let session = try workbench.pictures.session(call.parameter("id"))
    let request = try RequestObject(
      call.json(), members: ["text", "threshold", "nms", "max_detections"])
    guard let detector else {
      throw Failure(
        .usage, code: "detector.none", "the server has no detector",
        hint: "start it with --detector")
    }
    let (texts, options) = (try texts(request), try options(request))
    let picture = try await workbench.pictures.picture(of: session)
    let (found, leftOut) = try await workbench.scheduler.run(.encode) { _ in
      let queries = try detector.queries(for: texts)
      return try detector.detections(queries, in: detector.look(at: picture), options: options)
    }
    return Answer([
      "detections": .array(found.map { Self.json($0, texts) }), "left_out": .init(leftOut),
    ])
  }

  private func texts(_ request: RequestObject) throws(Failure) -> [String] {
    let texts = try request.strings("text")
    guard (1...Self.textLimit).contains(texts.count), Set(texts).count == texts.count else {
      throw Failure(
        .badInput, code: "serve.text",
        "\"text\" must be an array of 1 to \(Self.textLimit) different words or phrases")
    }
    return texts
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
    do {
      try options.validate()
    } catch {
      throw Failure(.badInput, code: error.code, error.message)
    }
    return options
  }

  /// Label, score and box [x0, y0, x1, y1], as `sam2 detect --json` writes them.
  private static func json(_ found: Detection, _ labels: [String]) -> JSONValue {
    let box = found.box
    return [
      "label": .string(labels[found.query]), "score": .init(found.score),
      "box": .array([box.x0, box.y0, box.x1, box.y1].map { .init($0) }),
    ]
  }
}
