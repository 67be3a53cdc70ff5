import Glibc
import Synchronization

/// One piece of work on its own thread, such as a second pass over bytes alongside the first.
///
/// Captured values are released when the work is done, not when its value is released.
public final class BackgroundWork<Value: Sendable>: Sendable {
  private let job: Job
  /// Nil once nobody has to wait for it any more, or if the system gave no thread.
  private let thread: Guarded<pthread_t?>

  /// The work and its outcome, which outlive a `BackgroundWork` that nobody waited for.
  private final class Job: Sendable {
    private enum State: Sendable {
      case waiting(@Sendable () -> Value)
      case running
      case done(Value)
    }

    private let state: Guarded<State>

    init(_ work: @escaping @Sendable () -> Value) { state = Guarded(.waiting(work)) }

    /// Does the work unless it was already done or begun.
    func run() {
      let work = state.withLock { state -> (@Sendable () -> Value)? in
        guard case .waiting(let work) = state else { return nil }
        state = .running
        return work
      }
      guard let work else { return }
      let value = work()
      state.withLock { $0 = .done(value) }
    }

    /// Nil before the work is done.
    var value: Value? {
      state.withLock { state in
        if case .done(let value) = state { value } else { nil }
      }
    }
  }

  /// Starts `work`; if the system gives no thread, the caller of `value()` does it.
  public init(_ work: @escaping @Sendable () -> Value) {
    let job = Job(work)
    self.job = job
    thread = Guarded(ThreadBody { job.run() }.start())
  }

  deinit { thread.withLock { if let thread = $0 { _ = pthread_detach(thread) } } }

  /// The result of the work, after waiting until it is done.
  public func value() -> Value {
    thread.withLock {
      if let thread = $0 { _ = pthread_join(thread, nil) }
      $0 = nil
      // Does nothing unless there was no thread.
      job.run()
    }
    guard let value = job.value else { preconditionFailure("a thread ended before its work") }
    return value
  }
}

/// A closure in a form that C can carry: without generic parameters.
private final class ThreadBody: Sendable {
  let run: @Sendable () -> Void

  init(_ run: @escaping @Sendable () -> Void) { self.run = run }

  /// Starts a thread that runs the closure; nil if the system grants no further thread.
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
