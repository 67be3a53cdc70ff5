import Bytes
import Endpoints
import JSON
import Logging
import Media
import SAM2
import SampleScene
import Synchronization
import TestSupport
import ToolProtocols
import WebServer
import Workbench

/// A server with the small built-in model on a free port of this machine.
final class LiveServer: Sendable {
  let port: Int
  let workbench: Workbench
  private let task: Task<Void, any Error>

  private static let model = Result { () throws(Failure) in
    try SegmentationModel(
      path: #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        .joined(separator: "/") + "/Sources/Commands/CBundledModel/nano-int8.sam2")
  }

  /// Starts a server, hands it to `body`, and stops it.
  static func with(
    media: String? = nil, limits: WorkLimits = WorkLimits(),
    _ change: (inout ServerSettings) -> Void = { _ in }, body: (LiveServer) async throws -> Void
  ) async throws {
    var settings = ServerSettings()
    settings.port = 0
    change(&settings)
    let server = try await LiveServer(media, limits, settings)
    let result: Result<Void, any Error>
    do { result = .success(try await body(server)) } catch { result = .failure(error) }
    server.task.cancel()
    try? await server.task.value
    server.workbench.stop()
    try result.get()
  }

  private init(_ media: String?, _ limits: WorkLimits, _ settings: ServerSettings) async throws {
    let workbench = try Self.workbench(media: media, limits: limits)
    self.workbench = workbench
    let server = try WebServer(
      AllEndpoints(workbench, allowedHosts: ["pictures.example"]).endpoints
        + ToolEndpoints(workbench, allowedHosts: ["pictures.example"]).endpoints, settings,
      logger: JSONLogHandler.logger(level: .critical))
    let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
    task = Task {
      defer { continuation.finish() }
      try await server.run(catchingSignals: false) {
        continuation.yield($0)
      } stopping: {
        workbench.jobs.cancelAll()
      }
    }
    var iterator = ports.makeAsyncIterator()
    guard let port = await iterator.next() else {
      try await task.value
      throw RawClient.Problem.noConnection
    }
    self.port = port
  }

  /// A workbench with the small built-in model.
  static func workbench(
    media: String? = nil, cache: String? = nil, limits: WorkLimits = WorkLimits()
  ) throws -> Workbench {
    try Workbench(
      model.get(), ModelFacts(name: "nano", identity: "nano", metadata: .object([])),
      media: media, cache: cache, limits: limits)
  }

  static let still = SampleScene(seed: 5).still(width: 160, height: 120)

  static func png() throws -> [UInt8] { try PNGWriter.encode(still.image) }

  // MARK: - Requests

  /// Sends a request as well-behaved clients do.
  func send(
    _ method: String, _ path: String, _ headers: [String: String] = [:], body: [UInt8] = []
  ) async throws -> RawClient.Reply {
    var all = ["Host": "127.0.0.1:\(port)", "Connection": "close"]
    if !body.isEmpty { all["Content-Length"] = "\(body.count)" }
    all.merge(headers) { $1 }
    let head =
      "\(method) \(path) HTTP/1.1\r\n"
      + all.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\r\n" }.joined() + "\r\n"
    return try await raw(Array(head.utf8) + body)
  }

  /// Sends exactly `bytes`.
  func raw(_ bytes: [UInt8]) async throws -> RawClient.Reply {
    let port = port
    return try await Self.onThread {
      let client = try RawClient(port: port)
      client.send(bytes)
      return try client.reply()
    }
  }

  /// Does something that waits on a thread of its own: those of tasks are few, and the server needs
  /// them.
  static func onThread<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let work = BackgroundWork { continuation.resume(with: Result { try body() }) }
      withExtendedLifetime(work) {}
    }
  }

  func json(
    _ method: String, _ path: String, _ json: JSONValue, _ headers: [String: String] = [:]
  ) async throws -> RawClient.Reply {
    try await send(
      method, path, ["Content-Type": "application/json"].merging(headers) { $1 },
      body: Array(json.text().utf8))
  }

  /// Sends a form with `fields` and the file `name`, as browsers and libraries do.
  func form(
    _ path: String, _ fields: [String: [UInt8]], file name: String, _ bytes: [UInt8]
  ) async throws -> RawClient.Reply {
    var body: [UInt8] = []
    for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
      body += Array("--line\r\nContent-Disposition: form-data; name=\"\(key)\"\r\n".utf8)
      body += Array("Content-Type: text/plain; charset=UTF-8\r\n\r\n".utf8) + value
      body += Array("\r\n".utf8)
    }
    body += Array("--line\r\nContent-Disposition: form-data; name=\"file\"; ".utf8)
    body += Array("filename=\"\(name)\"\r\nContent-Type: image/jpeg\r\n\r\n".utf8) + bytes
    body += Array("\r\n--line--\r\n".utf8)
    return try await send(
      "POST", path, ["Content-Type": "multipart/form-data; boundary=line"], body: body)
  }

  /// Uploads the sample picture.
  /// - Returns: its identifier.
  func upload() async throws -> String {
    let reply = try await send(
      "POST", "/api/images?name=a.png", ["Content-Type": "image/png"], body: Self.png())
    guard reply.status == 201, let id = try reply.json["id"]?.string else {
      throw RawClient.Problem.noReply
    }
    return id
  }
}
