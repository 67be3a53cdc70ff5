import Bytes
import Endpoints
import HTTPTypes
import Hummingbird
import JobSupport
import NIOCore

/// Reads the body of a request within limits on bytes and time.
struct BodyReader {
  private let settings: ServerSettings
  private let limit: Int

  init(_ settings: ServerSettings, _ body: Endpoint.Body) {
    self.settings = settings
    limit = body.limit
  }

  /// All bytes of the body.
  /// - Throws: `serve.too_large`, before the first byte if the request states its length;
  ///   `serve.timeout` for a client that sends too slowly.
  func read(_ request: Request) async throws -> [UInt8] {
    if let text = request.headers[.contentLength], let length = Int(text), length > limit {
      throw tooLarge(length)
    }
    let start = StageClock.now()
    var bytes: [UInt8] = []
    for try await buffer in request.body {
      guard bytes.count + buffer.readableBytes <= limit else {
        throw tooLarge(bytes.count + buffer.readableBytes)
      }
      bytes.append(contentsOf: buffer.readableBytesView)
      let allowed =
        settings.bodySeconds + Double(bytes.count) / settings.slowestBytesPerSecond
      guard StageClock.now() - start <= allowed else {
        throw Failure(
          .usage, code: "serve.timeout",
          "after \(Int(allowed)) seconds only \(bytes.count) bytes of the body have come")
      }
    }
    return bytes
  }

  private func tooLarge(_ byteCount: Int) -> Failure {
    Failure(
      .badInput, code: "serve.too_large",
      limit == 0
        ? "the request takes no body"
        : "the body has \(byteCount) bytes or more; the limit is \(limit)")
  }
}
