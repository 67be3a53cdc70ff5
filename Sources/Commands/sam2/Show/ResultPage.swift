import Bytes
import CLISupport
import Endpoints
import JSON
import JobSupport
import Logging
import SAM2
import WebServer
import Workbench

/// Results in the page of `sam2 serve`, on a free port of this machine, until the person ends it.
struct ResultPage {
  let model: SegmentationModel
  let source: ModelSource
  /// Whether standard output is reserved for JSON.
  let json: Bool
  /// Maximum number of pixels in a picture or frame, as for the command's own reading.
  let maximumPixels: Int

  /// Number of pictures that it can show at the same time.
  var limit: Int { WorkLimits().pictures }

  private var limits: WorkLimits {
    var limits = WorkLimits()
    limits.pixels = max(limits.pixels, maximumPixels)
    // Files named by the person are read, however large they are.
    limits.pictureBytes = limits.videoBytes
    return limits
  }

  /// Shows pictures with their objects; the first is opened.
  /// - Throws: any error from opening them or from the server.
  func show(_ pictures: [ShownPicture]) throws {
    let limit = limit
    try serve { workbench in
      var first: String?
      for picture in pictures.prefix(limit) {
        let session = try workbench.pictures.open(
          upload: Self.bytes(of: picture.path), name: fileName(picture.path))
        try workbench.pictures.setObjects(
          picture.objects.map(\.json), of: session, revision: nil)
        first = first ?? session.id
      }
      return first
    }
  }

  /// Shows a tracked video.
  /// - Throws: any error from opening it or from the server.
  func show(_ video: ShownVideo) throws {
    try serve { workbench in try await workbench.videos.show(video).id }
  }

  private static func bytes(of path: String) throws(Failure) -> [UInt8] {
    try MappedFile.open(path).withUnsafeBytes { Array($0) }
  }

  /// Serves until SIGINT or SIGTERM, showing the session returned by `open`.
  private func serve(_ open: @escaping @Sendable (Workbench) async throws -> String?) throws {
    let facts = ModelFacts(
      name: source.name, identity: try source.identity(), metadata: try source.metadata())
    let workbench = try Workbench(model, facts, limits: limits)
    defer { workbench.stop() }
    var settings = ServerSettings()
    settings.port = 0
    let server = try WebServer(
      AllEndpoints(workbench).endpoints, settings, logger: JSONLogHandler.logger(level: .error))
    let json = json
    try Blocking.run {
      let session = try await open(workbench)
      try await server.run { port in
        let address = "http://127.0.0.1:\(port)/" + (session.map { "#\($0)" } ?? "")
        if json { Console.error(address) } else { Console.data(address) }
      } stopping: {
        workbench.jobs.cancelAll()
      }
    }
  }
}

/// A picture to show.
struct ShownPicture: Sendable {
  let path: String
  let objects: [ObjectRecord]
}
