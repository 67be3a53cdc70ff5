import Synchronization

/// A request, passed to a job, to stop work at the next suitable point.
///
///     let source = CancellationSource()
///     try job.run(cancellation: source.cancellation)    // on another thread: source.cancel()
public struct Cancellation: Sendable {
  private let condition: @Sendable () -> Bool

  /// A request that takes effect as soon as `condition` holds.
  ///
  /// The condition is evaluated often, from several threads.
  public init(when condition: @escaping @Sendable () -> Bool) { self.condition = condition }

  /// Never requests a stop: work runs to its end.
  public static let never = Cancellation { false }

  public var isRequested: Bool { condition() }
}

/// Asks jobs to stop.
public final class CancellationSource: Sendable {
  private let isCancelled = Atomic<Bool>(false)

  public init() {}

  /// Makes the request, which cannot be withdrawn.
  public func cancel() { isCancelled.store(true, ordering: .releasing) }

  /// The request, in the form that jobs accept.
  public var cancellation: Cancellation {
    Cancellation { self.isCancelled.load(ordering: .acquiring) }
  }
}
