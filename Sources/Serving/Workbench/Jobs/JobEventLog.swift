import Bytes
import JSON
import Synchronization

/// The events of a job so far, for clients that are listening and those that reconnect.
final class JobEventLog: Sendable {
  struct Event: Sendable {
    let number: Int
    let name: String
    let data: String
  }

  private struct State: Sendable {
    var events: [Event] = []
    var byteCount = 0
    /// Number of the next event; the first is 1.
    var next = 1
    var isClosed = false
    var listeners: [Int: AsyncStream<Event>.Continuation] = [:]
    var nextListener = 0
  }

  private let state = Guarded(State())
  /// Maximum bytes of events that are kept: the oldest are dropped.
  private static let byteLimit = 32 << 20

  func add(_ name: String, _ data: JSONValue) {
    let text = data.text()
    state.withLock { state in
      guard !state.isClosed else { return }
      let event = Event(number: state.next, name: name, data: text)
      state.next += 1
      state.events.append(event)
      state.byteCount += text.utf8.count
      while state.byteCount > JobEventLog.byteLimit, state.events.count > 1 {
        state.byteCount -= state.events.removeFirst().data.utf8.count
      }
      for listener in state.listeners.values { listener.yield(event) }
    }
  }

  /// Ends the streams of all listeners.
  func close() {
    let listeners = state.withLock { state in
      state.isClosed = true
      let all = Array(state.listeners.values)
      state.listeners = [:]
      return all
    }
    // Each of them takes the lock when it ends.
    for listener in listeners { listener.finish() }
  }

  /// The events after number `last`, past ones at once, until the log is closed.
  ///
  /// An event `gap` comes first if the log no longer has some of the events in between.
  func events(after last: Int) -> AsyncStream<Event> {
    let (stream, continuation) = AsyncStream.makeStream(of: Event.self)
    let listener: Int? = state.withLock { state in
      if let first = state.events.first, first.number > last + 1 {
        continuation.yield(Event(number: first.number - 1, name: "gap", data: "{}"))
      }
      for event in state.events where event.number > last { continuation.yield(event) }
      guard !state.isClosed else {
        continuation.finish()
        return nil
      }
      state.nextListener += 1
      state.listeners[state.nextListener] = continuation
      return state.nextListener
    }
    continuation.onTermination = { _ in
      if let listener {
        self.state.withLock { state in _ = state.listeners.removeValue(forKey: listener) }
      }
    }
    return stream
  }
}
