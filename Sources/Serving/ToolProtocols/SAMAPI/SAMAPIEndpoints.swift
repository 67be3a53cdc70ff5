import Bytes
public import Endpoints
import JSON
import JobSupport
import Media
import SAM2
import SAM2Jobs
public import Workbench

/// The protocol of samapi, used by QuPath's extension for SAM: pictures with a box or points,
/// everything in a picture, and lists of pictures as a video.
public struct SAMAPIEndpoints: Sendable {
  private let workbench: Workbench

  /// The version of samapi that this protocol follows.
  private static let version = "0.7.1"
  /// The names by which clients request SAM 2; the server always uses its one model.
  private static let types = ["sam2_t", "sam2_s", "sam2_bp", "sam2_l"]

  public init(_ workbench: Workbench) { self.workbench = workbench }

  public var endpoints: [Endpoint] {
    let picture = Endpoint.Body.json(limit: workbench.limits.pictureBytes / 3 * 4 + (1 << 20))
    let frames = Endpoint.Body.json(limit: workbench.limits.videoBytes / 3 * 4 + (1 << 20))
    let frameLimit = workbench.limits.pictureBytes + (1 << 20)
    return [
      Endpoint(.get, "/sam/version/") { _ in
        Answer(
          contentType: "text/plain; charset=utf-8", bytes: Array(SAMAPIEndpoints.version.utf8))
      },
      Endpoint(.get, "/sam/weights/") { call in weights(call.query["type"]) },
      Endpoint(.get, "/sam/progress/") { _ in Answer(["message": .null, "percent": -1]) },
      Endpoint(.post, "/sam/", body: picture) { try await predict($0) },
      Endpoint(.post, "/sam/automask/", body: picture) { try await findAll($0) },
      Endpoint(.post, "/sam/upload/", body: .upload(limit: frameLimit)) { try upload($0) },
      Endpoint(.post, "/sam/video/", body: frames) { try await track($0) },
    ]
  }

  private func weights(_ type: String?) -> Answer {
    let types = SAMAPIEndpoints.types.filter { type == nil || $0 == type }
    return Answer(
      .array(
        types.map {
          ["type": .string($0), "name": .string(workbench.facts.name), "url": "built-in"]
        }))
  }

  /// The type named in a request.
  /// - Throws: `samapi.type` for another family of models.
  private func type(_ json: JSONValue) throws(Failure) -> JSONValue {
    let name = json["type"]?.string ?? ""
    guard SAMAPIEndpoints.types.contains(name) else {
      throw Failure(
        .badInput, code: "samapi.type",
        "there is no model of the type \"\(printable(name, limit: 40))\" here",
        hint: "choose one of \(SAMAPIEndpoints.types.joined(separator: ", "))")
    }
    return .string(name)
  }

  private func picture(_ json: JSONValue) throws(Failure) -> [UInt8] {
    try DataAddress.bytes(json.requiredString("b64img"), limit: workbench.limits.pictureBytes)
  }

  // MARK: - Pictures

  private func predict(_ call: Call) async throws -> Answer {
    let json = try call.json()
    let type = try type(json)
    let bytes = try picture(json)
    var prompt = try SAMAPIPrompt.read(json, limit: workbench.limits.points)
    prompt.multimask = json["multimask_output"]?.bool ?? false
    if let code = json["b64mask"]?.string {
      let mask = try ImageReader.decode(
        DataAddress.bytes(code, limit: workbench.limits.pictureBytes),
        options: PictureOptions(maximumPixels: workbench.limits.pixels))
      let bits = stride(from: 0, to: mask.pixels.count, by: 3).map { mask.pixels[$0] > 127 }
      prompt.maskCounts =
        RunLengthMask(BinaryMask(width: mask.width, height: mask.height, bits: bits)).cocoCounts
    }
    let answer = try await workbench.pictures.answers([prompt], on: bytes)[0]
    return Answer(
      .array(features(answer.masks.map { ($0.runs, $0.predictedIoU) }, type)))
  }

  /// A feature for each mask; QuPath has no objects without pixels.
  private func features(
    _ masks: [(runs: RunLengthMask, quality: Float)], _ type: JSONValue
  ) -> [JSONValue] {
    masks.enumerated().filter { $0.element.runs.area > 0 }.map { index, mask in
      GeoJSONFeature.feature(
        mask.runs.mask,
        properties: [
          ("object_idx", .init(index)), ("quality", .init(mask.quality)), ("sam_model", type),
        ])
    }
  }

  private static let automaticOptions: Set<String> = [
    "points_per_side", "points_per_batch", "pred_iou_thresh", "stability_score_thresh",
    "stability_score_offset", "box_nms_thresh", "crop_n_layers", "crop_nms_thresh",
    "crop_overlap_ratio", "crop_n_points_downscale_factor", "min_mask_region_area",
  ]

  private func findAll(_ call: Call) async throws -> Answer {
    let json = try call.json()
    let type = try type(json)
    let bytes = try picture(json)
    let given = (json.object ?? []).filter { Self.automaticOptions.contains($0.key) }
    let isMulti = json["output_type"]?.string?.contains("Multi") ?? false
    let options = given.filter { !$0.value.isNull } + [("multimask_output", .bool(isMulti))]
    let found = try await workbench.pictures.findAll(in: bytes, options: .object(options))
    return Answer(
      .array(features(found.masks.map { ($0.runs, $0.predictedIoU) }, type)))
  }

  // MARK: - Videos

  /// A frame of a video that the client will ask about once all frames have been uploaded.
  private func upload(_ call: Call) throws(Failure) -> Answer {
    let form = try MultipartForm(call.body, contentType: call.headers["content-type"] ?? "")
    let folder = String(decoding: try form.part("dirname").bytes, as: UTF8.self)
    let file = try form.part("file")
    let name = file.fileName ?? ""
    guard file.bytes.count <= workbench.limits.pictureBytes else {
      throw Failure(
        .badInput, code: "serve.too_large",
        "the frame has \(file.bytes.count) bytes, which is more "
          + "than the limit of \(workbench.limits.pictureBytes)")
    }
    try workbench.uploads.add(file.bytes, name: name, to: folder)
    return Answer(["filename": .string(name)])
  }

  private func track(_ call: Call) async throws -> Answer {
    let json = try call.json()
    let type = try type(json)
    let request = try SAMAPIVideo(json, workbench.limits, workbench.uploads)
    let session = try await workbench.videos.open(frames: request.frames)
    do {
      let seconds = workbench.limits.requestSeconds
      let end = StageClock.now() + seconds
      for prompt in request.prompts {
        guard StageClock.now() < end else { throw Failure.tookTooLong(seconds) }
        _ = try await workbench.videos.add(prompt, to: session)
      }
      let job = try workbench.videos.track(
        session, TrackingRange(start: request.start, maxFrames: request.maxFrames))
      for await _ in job.events(after: 0) where StageClock.now() >= end { job.cancel() }
      if let failure = job.failure { throw failure }
      guard job.status == .done else { throw Failure.tookTooLong(seconds) }
      let features = try features(session, request, type)
      workbench.videos.close(session.id)
      return Answer(.array(features))
    } catch {
      workbench.videos.close(session.id)
      throw error
    }
  }

  private func features(
    _ session: VideoSession, _ request: SAMAPIVideo, _ type: JSONValue
  ) throws(Failure) -> [JSONValue] {
    var features: [JSONValue] = []
    for frame in 0..<session.frameCount {
      for entry in session.masks(frame)["objects"]?.array ?? [] {
        let runs = try RunLengthMask(
          width: session.width, height: session.height,
          cocoCounts: entry.requiredString("counts"))
        guard runs.area > 0 else { continue }
        let object = try entry.requiredInt("object")
        features.append(
          GeoJSONFeature.feature(
            runs.mask, plane: request.plane(frame),
            properties: [
              ("object_idx", .init(request.original(object))), ("sam_model", type),
            ]))
      }
    }
    return features
  }
}
