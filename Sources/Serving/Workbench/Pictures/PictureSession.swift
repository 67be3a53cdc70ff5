import Bytes
import JSON
import JobSupport
import Synchronization

/// A picture that a client has opened, with the objects marked in it.
public final class PictureSession: Sendable {
  public let id: String
  public let source: PictureSource
  private let state: Guarded<State>

  private struct State: Sendable {
    var objects: [ObjectRecord]
    /// Number of changes to the objects.
    var revision = 0
    var lastUse = StageClock.now()
  }

  init(id: String, source: PictureSource, objects: [ObjectRecord] = []) {
    (self.id, self.source) = (id, source)
    state = Guarded(State(objects: objects))
  }

  public var name: String { source.name }
  public var width: Int { source.width }
  public var height: Int { source.height }

  /// The objects, in order of their numbers.
  public var objects: [ObjectRecord] { state.withLock { $0.objects } }

  public var revision: Int { state.withLock { $0.revision } }

  func setObjects(_ objects: [ObjectRecord]) {
    state.withLock { state in
      state.objects = objects.sorted { $0.id < $1.id }
      state.revision += 1
    }
  }

  /// Records that a client has just used the session.
  func touch() { state.withLock { $0.lastUse = StageClock.now() } }

  var idleSeconds: Double { StageClock.now() - state.withLock { $0.lastUse } }
}
