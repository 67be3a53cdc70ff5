import Bytes
import Synchronization

/// Queries for texts that were encoded before.
final class TextCache: Sendable {
  private let known = Guarded<[String: [Float]]>([:])
  /// More texts than anybody looks for; past this, the cache starts afresh.
  private static let limit = 4096

  subscript(text: String) -> [Float]? { known.withLock { $0[text] } }

  func set(_ text: String, _ query: [Float]) {
    known.withLock { known in
      if known.count >= Self.limit { known.removeAll() }
      known[text] = query
    }
  }
}
