import Annotations
import Bytes
import JSON
import Media
public import Workbench
import Zip

/// The native API for pictures; `Formats/serve-api.md` describes it.
public struct PictureEndpoints: Sendable {
  private let workbench: Workbench
  private let remote: RemotePictures
  private var pictures: PictureDesk { workbench.pictures }

  public init(_ workbench: Workbench, remote: RemotePictures) {
    (self.workbench, self.remote) = (workbench, remote)
  }

  public var endpoints: [Endpoint] {
    let upload = Endpoint.Body.upload(limit: workbench.limits.pictureBytes)
    let json = Endpoint.Body.json(limit: BodyLimit.json)
    let one = "/api/images/{id}"
    return [
      Endpoint(.get, "/api/images") { _ in
        Answer(["images": .array(pictures.all.map { pictures.brief($0) })])
      },
      Endpoint(.post, "/api/images", body: upload) { try await open($0) },
      Endpoint(.get, one) { call in Answer(pictures.full(try session(call))) },
      Endpoint(.delete, one) { call in
        pictures.close(try session(call).id)
        return .done
      },
      Endpoint(.get, "\(one)/picture") { try await picture($0) },
      Endpoint(.post, "\(one)/encode", body: json) { try await encode($0) },
      Endpoint(.post, "\(one)/predict", body: json) { try await predict($0) },
      Endpoint(.put, "\(one)/objects", body: json) { try setObjects($0) },
      Endpoint(.post, "\(one)/automatic", body: json) { call in
        let job = try pictures.findAll(in: session(call), options: call.json())
        return Answer(status: 202, job.json)
      },
      Endpoint(.post, "\(one)/export", body: json) { try await export($0) },
    ]
  }

  private func session(_ call: Call) throws(Failure) -> PictureSession {
    try pictures.session(call.parameter("id"))
  }

  // MARK: - Opening

  /// The bytes of a picture, or JSON with the member `path` or `url`.
  private func open(_ call: Call) async throws -> Answer {
    guard call.isJSON else {
      let name = call.query["name"] ?? ""
      return Answer(status: 201, pictures.full(try pictures.open(upload: call.body, name: name)))
    }
    let request = try RequestObject(call.json(), members: ["path", "url"])
    switch (try request.optionalString("path"), try request.optionalString("url")) {
    case (let path?, nil):
      return Answer(status: 201, pictures.full(try pictures.open(media: path)))
    case (nil, let url?):
      let bytes = try await remote.fetch(url)
      let name = url.split(separator: "?").first.map(String.init) ?? url
      return Answer(status: 201, pictures.full(try pictures.open(upload: bytes, name: name)))
    default:
      throw Failure(
        .badInput, code: "serve.source", "give either \"path\" or \"url\"",
        hint: "or send the picture itself, with its content type")
    }
  }

  private func picture(_ call: Call) async throws -> Answer {
    let session = try session(call)
    guard let side = try call.integer("side") else {
      let bytes = try pictures.bytes(of: session)
      return Answer(
        contentType: ImageFormat(sniffing: bytes)?.contentType ?? "application/octet-stream",
        headers: PictureAnswerHeaders.kept, bytes: bytes)
    }
    guard (16...8192).contains(side) else {
      throw Failure(.badInput, code: "serve.query", "\"side\" must be between 16 and 8192")
    }
    return Answer(
      contentType: "image/jpeg", headers: PictureAnswerHeaders.kept,
      bytes: try await pictures.display(session, side: side))
  }

  // MARK: - Prompts

  /// With `"wait": false`, the answer does not wait for the encoder.
  private func encode(_ call: Call) async throws -> Answer {
    let session = try session(call)
    let request = try RequestObject(call.json(), members: ["wait", "ahead"])
    let isAhead = try request.boolean("ahead", default: false)
    if try request.boolean("wait", default: true) {
      _ = try await pictures.embedding(of: session, priority: isAhead ? .ahead : .encode)
      return Answer(pictures.brief(session))
    }
    let pictures = pictures
    Task { try? await pictures.embedding(of: session, priority: isAhead ? .ahead : .encode) }
    return Answer(status: 202, pictures.brief(session))
  }

  private func predict(_ call: Call) async throws -> Answer {
    let session = try session(call)
    let prompt = try PicturePrompt(json: call.json(), limits: workbench.limits)
    return Answer(try await pictures.answer(prompt, on: session).json)
  }

  // MARK: - Objects

  private func setObjects(_ call: Call) throws(Failure) -> Answer {
    let session = try session(call)
    let request = try RequestObject(call.json(), members: ["objects", "revision"])
    guard let objects = try request.optionalArray("objects") else {
      throw Failure(.badInput, code: "json.missing", "the member \"objects\" is missing")
    }
    try pictures.setObjects(objects, of: session, revision: request.optionalInteger("revision"))
    return Answer(["revision": .init(session.revision)])
  }

  private func export(_ call: Call) async throws -> Answer {
    let session = try session(call)
    let choice = try ExportRequest(call.json())
    return try choice.answer(
      await pictures.export(session, choice.kinds, choice.context), name: session.name)
  }
}

/// Headers of pictures, whose content never changes under a given address.
enum PictureAnswerHeaders {
  static let kept = [(name: "Cache-Control", value: "private, max-age=86400, immutable")]
}

extension ImageFormat {
  var contentType: String {
    switch self {
    case .jpeg: "image/jpeg"
    case .png: "image/png"
    case .webp: "image/webp"
    }
  }
}

extension PictureDesk {
  /// A picture in a list.
  func brief(_ session: PictureSession) -> JSONValue { .object(members(session)) }

  /// A picture with its objects.
  func full(_ session: PictureSession) -> JSONValue {
    .object(members(session) + [("objects", .array(session.objects.map(\.json)))])
  }

  private func members(_ session: PictureSession) -> [(key: String, value: JSONValue)] {
    [
      ("id", .string(session.id)), ("name", .string(session.name)),
      ("width", .init(session.width)), ("height", .init(session.height)),
      ("path", session.source.mediaPath.map { .string($0) } ?? .null),
      ("encoded", .bool(isEncoded(session))), ("revision", .init(session.revision)),
      ("object_count", .init(session.objects.count)),
    ]
  }
}
