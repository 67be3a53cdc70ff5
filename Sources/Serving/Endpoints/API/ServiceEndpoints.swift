import Bytes
import JSON
import JobSupport
import SAM2
public import Workbench

/// Endpoints about the server itself: its health, metrics, model and media.
public struct ServiceEndpoints: Sendable {
  private let workbench: Workbench
  private let words: WordFinder

  public init(_ workbench: Workbench, _ words: WordFinder) {
    (self.workbench, self.words) = (workbench, words)
  }

  public var endpoints: [Endpoint] {
    [
      Endpoint(.get, "/health", isPublic: true) { _ in Answer(health) },
      Endpoint(.get, "/metrics") { _ in
        Answer(
          contentType: "text/plain; version=0.0.4; charset=utf-8",
          bytes: Array(MetricsText(workbench).text.utf8))
      },
      Endpoint(.get, "/api/model") { _ in Answer(model) },
      Endpoint(.get, "/api/media") { call in try media(call.query["folder"] ?? "") },
      Endpoint(.get, "/api/media/thumbnail") { call in
        Answer(
          contentType: "image/jpeg", headers: [("Cache-Control", "private, max-age=60")],
          bytes: try await workbench.pictures.thumbnail(media: call.query["path"] ?? ""))
      },
    ]
  }

  /// The members that Label Studio and X-AnyLabeling expect, and the version.
  private var health: JSONValue {
    [
      "status": "UP", "model_class": "sam2-swift", "models_loaded": 1,
      "model": .string(workbench.facts.name), "version": .string(Product.version),
      "uptime_seconds": .number(workbench.uptime.rounded()),
    ]
  }

  private var model: JSONValue {
    let model = workbench.model
    let limits = workbench.limits
    return [
      "name": .string(workbench.facts.name), "image_size": .init(model.imageSize),
      "parts": .string(model.parts.rawValue), "tracks": .bool(model.parts.allows(.tracking)),
      "takes_masks": .bool(model.parts.allows(.maskPrompting)),
      "kernel_level": .string(model.program?.kernelLevel ?? ""),
      "threads": .init(model.program?.threadCount ?? 1),
      "quantization": workbench.facts.metadata["quantization"] ?? .null,
      "limits": [
        "pixels": .init(limits.pixels), "picture_bytes": .init(limits.pictureBytes),
        "video_bytes": .init(limits.videoBytes), "pictures": .init(limits.pictures),
        "videos": .init(limits.videos), "objects": .init(limits.objects),
      ],
      "has_media": .bool(workbench.media != nil), "detects": .bool(words.isAvailable),
    ]
  }

  private func media(_ folder: String) throws(Failure) -> Answer {
    guard let media = workbench.media else { return Answer(["folder": "", "entries": []]) }
    let entries = try media.entries(folder)
    return Answer([
      "folder": .string(folder),
      "entries": .array(
        entries.map { ["path": .string($0.path), "kind": .string($0.kind.rawValue)] }),
    ])
  }
}
