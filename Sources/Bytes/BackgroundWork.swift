import Glibc
import Synchronization

/// One piece of work on a thread of its own: a second pass over bytes beside the first.
public final class BackgroundWork<Value: Sendable>: Sendable {
  private enum State: Sendable {
    case running(pthread_t)
    case joined
  }

  private let result: Result
  private let state: Mutex<State>

  /// Where the thread leaves its value; it outlives a `BackgroundWork` nobody waited for.
  private final class Result: Sendable {
    let value = Mutex<Value?>(nil)
    let work: @Sendable () -> Value

    init(_ work: @escaping @Sendable () -> Value) { self.work = work }
  }

  /// Starts `work`; when the system gives no thread, does it at once.
  public init(_ work: @escaping @Sendable () -> Value) {
    let result = Result(work)
    self.result = result
    let body = ThreadBody {
      let value = result.work()
      result.value.withLock { $0 = value }
    }
    if let thread = body.start() {
      state = Mutex(.running(thread))
    } else {
      body.run()
      state = Mutex(.joined)
    }
  }

  deinit {
    state.withLock { if case .running(let thread) = $0 { _ = pthread_detach(thread) } }
  }

  /// What the work gave, once it is done.
  public func value() -> Value {
    state.withLock {
      if case .running(let thread) = $0 { _ = pthread_join(thread, nil) }
      $0 = .joined
    }
    // Always there after the join.
    return result.value.withLock { $0 } ?? result.work()
  }
}

/// A closure in a form that C can carry: no generic parameters.
private final class ThreadBody: Sendable {
  let run: @Sendable () -> Void

  init(_ run: @escaping @Sendable () -> Void) { self.run = run }

  /// The thread that runs the closure; nil when there can be no more.
  func start() -> pthread_t? {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(self)
    let failed = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, context.toOpaque())
    guard failed == 0 else {
      context.release()
      return nil
    }
    return thread
  }
}
