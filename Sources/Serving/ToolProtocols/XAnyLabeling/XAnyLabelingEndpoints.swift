import Bytes
import Detector
public import Endpoints
import JSON
import Media
import SAM2
public import Workbench

/// The protocol of X-AnyLabeling's remote server: pictures with marks, and videos as lists of
/// frames.
///
/// The protocol requires a failed request to be answered with status 200 and `success: false`; only
/// a server that is too busy answers 503.
public struct XAnyLabelingEndpoints: Sendable {
  private let workbench: Workbench
  private let videos: XAnyLabelingVideos
  private let words: WordFinder

  private static let pictureModel = "sam2"
  private static let videoModel = "sam2_video"

  public init(_ workbench: Workbench, _ words: WordFinder) {
    (self.workbench, self.words) = (workbench, words)
    videos = XAnyLabelingVideos(workbench, words)
  }

  public var endpoints: [Endpoint] {
    // Base64 expands three bytes to four.
    let picture = Endpoint.Body.json(limit: workbench.limits.pictureBytes / 3 * 4 + (1 << 20))
    let frames = Endpoint.Body.json(limit: workbench.limits.videoBytes / 3 * 4 + (1 << 20))
    let json = Endpoint.Body.json(limit: 1 << 20)
    return [
      Endpoint(.get, "/v1/models") { _ in XAnyLabelingEndpoints.answer(.object(models)) },
      Endpoint(.get, "/v1/models/{model}/info") { call in
        await XAnyLabelingEndpoints.guarded { () throws in try info(call) }
      },
      Endpoint(.post, "/v1/predict", body: picture) { call in
        await XAnyLabelingEndpoints.guarded { try await predict(call) }
      },
      Endpoint(.post, "/v1/video/init", body: frames) { call in
        await XAnyLabelingEndpoints.guarded { try await videos.start(call) }
      },
      Endpoint(.post, "/v1/video/prompt", body: json) { call in
        await XAnyLabelingEndpoints.guarded { try await videos.prompt(call) }
      },
      Endpoint(.post, "/v1/video/propagate/stream", body: json) { call in
        await XAnyLabelingEndpoints.guarded { try await videos.propagate(call) }
      },
      Endpoint(.post, "/v1/video/cleanup/{session}") { call in
        await XAnyLabelingEndpoints.guarded { try await videos.cleanUp(call) }
      },
    ]
  }

  // MARK: - Answers

  static func answer(_ data: JSONValue) -> Answer { Answer(["success": true, "data": data]) }

  /// The answer from `body`, or its failure in the protocol's form.
  static func guarded(_ body: () async throws -> Answer) async -> Answer {
    do {
      return try await body()
    } catch {
      let failure =
        error as? Failure
        ?? Failure(.internalError, code: "serve.internal", "the request failed: \(error)")
      let status = ErrorStatus.status(of: failure)
      guard status != 503 else {
        return Answer(status: 503, ["detail": .string(failure.description)])
      }
      return Answer([
        "success": false,
        "error": [
          "code": .string(code(of: failure, status)), "message": .string(failure.description),
        ],
      ])
    }
  }

  /// The protocol's codes for failures, keyed by failure code or by its part before the dot.
  private static let codes = [
    "x_anylabeling.model": "MODEL_NOT_FOUND", "serve.base64": "INVALID_IMAGE",
    "image": "INVALID_IMAGE",
  ]

  private static func code(of failure: Failure, _ status: Int) -> String {
    let area = String(failure.code.prefix { $0 != "." })
    let known = codes[failure.code] ?? codes[area]
    return known ?? (status >= 500 ? "INFERENCE_ERROR" : failure.code)
  }

  // MARK: - Models

  private var models: [(key: String, value: JSONValue)] {
    let picture = (
      key: Self.pictureModel,
      value: model(
        "SAM 2 (\(workbench.facts.name))", batchMode: words.isAvailable ? "text_prompt" : .null)
    )
    guard workbench.model.parts.allows(.tracking) else { return [picture] }
    return [
      picture,
      (Self.videoModel, model("SAM 2 video (\(workbench.facts.name))", batchMode: "video")),
    ]
  }

  private func model(_ name: String, batchMode: JSONValue) -> JSONValue {
    var widgets = [
      "button_add_point", "button_remove_point", "button_add_rect", "button_clear",
      "button_finish_object", "mask_fineness_slider",
    ]
    if batchMode.string == "video" { widgets.append("button_run_tracker") }
    if words.isAvailable { widgets += ["edit_text", "button_send"] }
    return [
      "display_name": .string(name),
      "widgets": .array(widgets.map { ["name": .string($0), "value": .null] }),
      "params": ["epsilon_factor": 0.001], "batch_processing_mode": batchMode,
    ]
  }

  private func info(_ call: Call) throws(Failure) -> Answer {
    let id = try call.parameter("model")
    guard let model = models.first(where: { $0.key == id })?.value.object else {
      throw XAnyLabelingEndpoints.noModel(id)
    }
    return Self.answer(.object([("model_id", .string(id))] + model))
  }

  static func noModel(_ id: String) -> Failure {
    Failure(
      .missingInput, code: "x_anylabeling.model",
      "Model '\(printable(id, limit: 60))' not loaded", hint: "there is \(pictureModel)")
  }

  // MARK: - Pictures

  private func predict(_ call: Call) async throws -> Answer {
    let json = try call.json()
    let model = try json.requiredString("model")
    guard model == Self.pictureModel || model == Self.videoModel else {
      throw XAnyLabelingEndpoints.noModel(model)
    }
    let bytes = try DataAddress.bytes(
      json.requiredString("image"), limit: workbench.limits.pictureBytes)
    let params = json["params"]
    let shapes = try PolygonShapes(params: params)
    if let texts = try XAnyLabelingWords.texts(params?["text_prompt"]) {
      return try await find(texts, in: bytes, params, shapes)
    }
    let prompt = try XAnyLabelingMarks.prompt(params, limit: workbench.limits.points)
    let answer = try await workbench.pictures.answers([prompt], on: bytes)[0]
    let best = answer.masks[answer.best]
    let threshold = params?["conf_threshold"]?.double ?? 0
    let isSure = Double(best.predictedIoU) >= threshold
    return Self.answer([
      "shapes": .array(
        isSure ? shapes.shapes(of: best.runs.mask, score: Double(best.predictedIoU)) : []),
      "description": .string(
        isSure
          ? "" : "the predicted IoU \(best.predictedIoU) is below the confidence \(threshold)"),
      "replace": false,
    ])
  }
}

extension XAnyLabelingEndpoints {
  /// The objects that the words name, each labelled with its word.
  private func find(
    _ texts: [String], in bytes: [UInt8], _ params: JSONValue?, _ shapes: PolygonShapes
  ) async throws -> Answer {
    let options = try XAnyLabelingWords.options(params)
    let found = try await words.find(texts, options: options) {
      try await workbench.pictures.picture(bytes)
    }
    let prompts = found.found.map { PicturePrompt(detected: $0) }
    let answers = try await workbench.pictures.answers(prompts, on: bytes)
    var polygons: [JSONValue] = []
    for (index, (detection, answer)) in zip(found.found, answers).enumerated() {
      polygons += shapes.shapes(
        of: answer.masks[answer.best].runs.mask, label: texts[detection.query],
        score: Double(detection.score), group: index + 1)
    }
    return Self.answer([
      "shapes": .array(polygons),
      "description": .string(
        found.leftOut > 0 ? "\(found.leftOut) more objects were found and left out" : ""),
      "replace": false,
    ])
  }
}

/// X-AnyLabeling marks as a prompt.
enum XAnyLabelingMarks {
  /// Points with labels, and the last rectangle.
  /// - Throws: `x_anylabeling.marks`; `serve.points`.
  static func prompt(_ params: JSONValue?, limit: Int) throws(Failure) -> PicturePrompt {
    var prompt = PicturePrompt()
    prompt.keepsLogits = false
    for mark in params?["marks"]?.array ?? [] {
      let data = (mark["data"]?.array ?? []).compactMap { $0.double.map { Float($0) } }
      switch (mark["type"]?.string, data.count) {
      case ("point", 2):
        let label = mark["label"]?.wholeNumber == 0 ? 0 : 1
        prompt.points.append(.init(x: data[0], y: data[1], label: label))
      case ("rectangle", 4):
        prompt.box = .init(
          x0: min(data[0], data[2]), y0: min(data[1], data[3]), x1: max(data[0], data[2]),
          y1: max(data[1], data[3]))
      default:
        throw Failure(
          .badInput, code: "x_anylabeling.marks",
          "a mark is a point with two numbers or a rectangle with four")
      }
    }
    guard !prompt.points.isEmpty || prompt.box != nil else {
      throw Failure(
        .badInput, code: "x_anylabeling.marks", "there are no marks",
        hint: "add a point or a rectangle first")
    }
    guard prompt.points.count <= limit else {
      throw Failure(
        .badInput, code: "serve.points", "\(prompt.points.count) points are more than \(limit)")
    }
    return prompt
  }
}
