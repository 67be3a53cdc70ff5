public import Bytes
import JSON
import Workbench

/// The status of the answer to a request that failed.
public enum ErrorStatus {
  /// Codes with a specific status; others follow their kind.
  private static let statuses: [String: Int] = [
    "serve.token": 401, "serve.host": 403, "serve.origin": 403, "serve.address": 403,
    "serve.unknown_id": 404, "serve.route": 404, "serve.media_missing": 404, "serve.stored": 410,
    "serve.method": 405, "serve.timeout": 408, "serve.conflict": 409, "serve.busy": 409,
    "serve.changed": 409, "serve.nothing_to_export": 409, "serve.nothing_to_track": 409,
    "track.nothing": 409, "track.changed": 409, "track.no_conditioning": 409,
    "serve.too_large": 413, "image.too_large": 413,
    "serve.sessions": 429, "serve.jobs": 429, "serve.overloaded": 503, "serve.stopping": 503,
    "serve.fetch": 502,
  ]

  public static func status(of failure: Failure) -> Int {
    if let status = statuses[failure.code] { return status }
    return switch failure.kind {
    case .usage, .badInput: 400
    case .missingInput: 404
    case .internalError, .cannotCreate, .outputExists, .inputOutput, .writing: 500
    }
  }
}

extension Answer {
  /// The answer to a request that failed: an object `error` with a code whose meaning never
  /// changes, and a sentence for people.
  public init(_ failure: Failure) {
    self.init(status: ErrorStatus.status(of: failure), ["error": failure.json])
  }
}
