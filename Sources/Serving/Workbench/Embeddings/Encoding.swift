import Bytes
import SAM2
import Synchronization

/// One run of the encoder for which several callers wait.
///
/// It may be in several of the scheduler's queues, since a later caller may be in more of a hurry;
/// whichever entry comes up first does the work.
final class Encoding: Sendable {
  private struct State: Sendable {
    var result: Result<ImageEmbedding, any Error>?
    var waiters: [CheckedContinuation<ImageEmbedding, any Error>] = []
    var priority: WorkPriority
  }

  private let state: Guarded<State>
  private let isClaimed = Atomic<Bool>(false)

  init(_ priority: WorkPriority) { state = Guarded(State(priority: priority)) }

  /// Whether `priority` is more urgent than the priorities of all queues it is in so far; if so,
  /// records it as the most urgent.
  func hastens(to priority: WorkPriority) -> Bool {
    state.withLock { state in
      guard priority.rawValue < state.priority.rawValue else { return false }
      state.priority = priority
      return true
    }
  }

  /// True for the first caller, which must then call `finish`.
  func claim() -> Bool { !isClaimed.exchange(true, ordering: .acquiringAndReleasing) }

  /// Hands the result to all waiting callers, and to any that come later.
  func finish(_ result: Result<ImageEmbedding, any Error>) {
    let waiters = state.withLock { state in
      state.result = result
      let all = state.waiters
      state.waiters = []
      return all
    }
    for waiter in waiters { waiter.resume(with: result) }
  }

  /// The result, once it is available.
  func value() async throws -> ImageEmbedding {
    try await withCheckedThrowingContinuation { continuation in
      let result = state.withLock { state in
        if state.result == nil { state.waiters.append(continuation) }
        return state.result
      }
      if let result { continuation.resume(with: result) }
    }
  }
}
