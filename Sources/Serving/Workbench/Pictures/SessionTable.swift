import Bytes
import Synchronization

/// The sessions that clients have open, by identifier, up to a limit.
final class SessionTable<Session: Sendable>: Sendable {
  private let sessions = Guarded<[String: Session]>([:])
  private let limit: Int
  private let idleLimit: Double
  private let idleSeconds: @Sendable (Session) -> Double
  private let noun: String

  /// `noun` is the word for a session in messages; a session that has been idle for `idleLimit`
  /// seconds may be closed to make room for a new one.
  init(
    _ noun: String, limit: Int, idleLimit: Double,
    idleSeconds: @escaping @Sendable (Session) -> Double
  ) {
    (self.noun, self.limit, self.idleLimit, self.idleSeconds) = (
      noun, limit, idleLimit, idleSeconds
    )
  }

  var count: Int { sessions.withLock { $0.count } }

  var all: [(id: String, session: Session)] {
    sessions.withLock { sessions in
      sessions.sorted { $0.key < $1.key }.map { (id: $0.key, session: $0.value) }
    }
  }

  subscript(id: String) -> Session? { sessions.withLock { $0[id] } }

  /// - Throws: `serve.unknown_id`.
  func session(_ id: String) throws(Failure) -> Session {
    guard let session = self[id] else {
      throw Failure(
        .missingInput, code: "serve.unknown_id",
        "there is no open \(noun) \(printable(id, limit: 40))",
        hint: "open it again; those that nobody uses are closed when others need the room")
    }
    return session
  }

  /// Adds `session`; if the table is full, the session that has been idle the longest is closed to
  /// make room.
  /// - Returns: the identifier of the closed session.
  /// - Throws: `serve.sessions` if all are in use.
  @discardableResult
  func add(_ session: Session, _ id: String) throws(Failure) -> String? {
    let (isAdded, closed) = sessions.withLock { sessions -> (Bool, String?) in
      if sessions.count < limit {
        sessions[id] = session
        return (true, nil)
      }
      let idle = sessions.map { ($0.key, idleSeconds($0.value)) }.max { $0.1 < $1.1 }
      guard let (oldest, seconds) = idle, seconds >= idleLimit else { return (false, nil) }
      sessions[oldest] = nil
      sessions[id] = session
      return (true, oldest)
    }
    guard isAdded else {
      throw Failure(
        .usage, code: "serve.sessions", "\(limit) \(noun)s are open, which is the limit",
        hint: "close one, or try again later")
    }
    return closed
  }

  @discardableResult
  func remove(_ id: String) -> Session? { sessions.withLock { $0.removeValue(forKey: id) } }
}
