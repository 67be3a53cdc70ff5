import Bytes
import JSON
import SAM2
public import Workbench

/// The native API for videos; `Formats/serve-api.md` describes it.
public struct VideoEndpoints: Sendable {
  private let workbench: Workbench
  private var videos: VideoDesk { workbench.videos }

  public init(_ workbench: Workbench) { self.workbench = workbench }

  public var endpoints: [Endpoint] {
    let upload = Endpoint.Body.upload(limit: workbench.limits.videoBytes)
    let json = Endpoint.Body.json(limit: BodyLimit.json)
    let one = "/api/videos/{id}"
    return [
      Endpoint(.get, "/api/videos") { _ in Answer(["videos": .array(videos.list)]) },
      Endpoint(.post, "/api/videos", body: upload) { try await open($0) },
      Endpoint(.get, one) { call in Answer(try await session(call).json) },
      Endpoint(.delete, one) { call in
        videos.close(try await session(call).id)
        return .done
      },
      Endpoint(.get, "\(one)/frames/{frame}") { try await frame($0) },
      Endpoint(.get, "\(one)/masks/{frame}") { call in
        Answer(try await session(call).masks(number(call, "frame")))
      },
      Endpoint(.get, "\(one)/script") { call in Answer(try await session(call).script) },
      Endpoint(.put, "\(one)/names", body: json) { try await setNames($0) },
      Endpoint(.post, "\(one)/encode", body: json) { try await encode($0) },
      Endpoint(.post, "\(one)/preview", body: json) { try await preview($0) },
      Endpoint(.post, "\(one)/prompts", body: json) { try await prompt($0) },
      Endpoint(.delete, "\(one)/prompts/{frame}/{object}") { call in
        Answer(
          try await videos.clear(
            frame: number(call, "frame"), object: number(call, "object"), in: session(call)))
      },
      Endpoint(.delete, "\(one)/objects/{object}") { call in
        try await videos.remove(object: number(call, "object"), from: session(call))
        return .done
      },
      Endpoint(.delete, "\(one)/objects") { call in
        try await videos.reset(session(call))
        return .done
      },
      Endpoint(.post, "\(one)/propagate", body: json) { try await propagate($0) },
      Endpoint(.post, "\(one)/export", body: json) { try await export($0) },
      Endpoint(.post, "\(one)/overlay") { call in
        Answer(status: 202, try videos.drawOverlay(try await session(call)).json)
      },
      Endpoint(.get, "\(one)/overlay") { call in
        Answer(contentType: "video/mp4", bytes: try videos.overlay(try await session(call)))
      },
    ]
  }

  private func session(_ call: Call) async throws -> VideoSession {
    try await videos.session(call.parameter("id"))
  }

  private func number(_ call: Call, _ name: String) throws(Failure) -> Int {
    let text = try call.parameter(name)
    guard let number = Int(text) else {
      throw Failure(
        .badInput, code: "serve.query",
        "the \(name) must be a whole number, not \(printable(text, limit: 40))")
    }
    return number
  }

  /// The bytes of a video, or JSON with the member `path`.
  private func open(_ call: Call) async throws -> Answer {
    guard call.isJSON else {
      let name = call.query["name"] ?? ""
      return Answer(status: 201, try await videos.open(upload: call.body, name: name).json)
    }
    let request = try RequestObject(call.json(), members: ["path"])
    return Answer(status: 201, try await videos.open(media: request.string("path")).json)
  }

  private func frame(_ call: Call) async throws -> Answer {
    let side = try call.integer("side") ?? 1280
    guard (16...8192).contains(side) else {
      throw Failure(.badInput, code: "serve.query", "\"side\" must be between 16 and 8192")
    }
    return Answer(
      contentType: "image/jpeg", headers: PictureAnswerHeaders.kept,
      bytes: try await videos.display(session(call), frame: number(call, "frame"), side: side))
  }

  // MARK: - Prompts

  private static let promptMembers: Set<String> = [
    "frame", "object", "points", "labels", "box", "clear",
  ]

  private func encode(_ call: Call) async throws -> Answer {
    let request = try RequestObject(call.json(), members: ["frame", "object"])
    let session = try await session(call)
    try await videos.encode(
      request.integer("frame"), for: request.optionalInteger("object") ?? 1, of: session)
    return .done
  }

  private func preview(_ call: Call) async throws -> Answer {
    let request = try RequestObject(
      call.json(), members: Self.promptMembers.union(["width", "height"]))
    let prompt = try prompt(request)
    let size = try request.size(limits: workbench.limits)
    return Answer(try await videos.preview(prompt, size: size, on: try await session(call)))
  }

  private func prompt(_ call: Call) async throws -> Answer {
    let session = try await session(call)
    let request = try RequestObject(
      call.json(), members: Self.promptMembers.union(["mask"]))
    if let counts = try request.optionalString("mask") {
      return Answer(
        try await videos.addMask(
          counts, frame: request.integer("frame"), object: request.integer("object"), to: session))
    }
    return Answer(try await videos.add(prompt(request), to: session))
  }

  private func prompt(_ request: RequestObject) throws(Failure) -> VideoPrompt {
    VideoPrompt(
      frame: try request.integer("frame"), object: try request.integer("object"),
      points: try request.points(limit: workbench.limits.points), box: try request.box(),
      clearsOldPoints: try request.boolean("clear", default: true))
  }

  private func setNames(_ call: Call) async throws -> Answer {
    let request = try RequestObject(call.json(), members: ["names"])
    guard let names = try request.optionalArray("names") else {
      throw Failure(.badInput, code: "json.missing", "the member \"names\" is missing")
    }
    let session = try await session(call)
    try videos.setNames(names, of: session)
    return Answer(["revision": .init(session.revision)])
  }

  // MARK: - Results

  private func propagate(_ call: Call) async throws -> Answer {
    let request = try RequestObject(call.json(), members: ["start", "frames", "reverse"])
    let range = TrackingRange(
      start: try request.optionalInteger("start"), maxFrames: try request.optionalInteger("frames"),
      isReverse: try request.boolean("reverse", default: false))
    return Answer(status: 202, try videos.track(try await session(call), range).json)
  }

  private func export(_ call: Call) async throws -> Answer {
    let session = try await session(call)
    let choice = try ExportRequest(call.json())
    return try choice.answer(
      await videos.export(session, choice.kinds, choice.context), name: session.name)
  }
}
