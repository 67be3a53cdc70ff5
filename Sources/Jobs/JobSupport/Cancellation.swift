import Synchronization

/// A request to stop work at its next good place, as handed to a job.
///
///     let source = CancellationSource()
///     try job.run(cancellation: source.cancellation)    // on another thread: source.cancel()
public struct Cancellation: Sendable {
  private let condition: @Sendable () -> Bool

  /// A request that takes effect as soon as `condition` holds.
  ///
  /// The condition is evaluated often, from several threads.
  public init(when condition: @escaping @Sendable () -> Bool) { self.condition = condition }

  /// Work that runs to its end.
  public static let never = Cancellation { false }

  public var isRequested: Bool { condition() }
}

/// Asks jobs to stop.
public final class CancellationSource: Sendable {
  private let isCancelled = Atomic<Bool>(false)

  public init() {}

  /// Makes the request; it stays.
  public func cancel() { isCancelled.store(true, ordering: .releasing) }

  /// The request as jobs take it.
  public var cancellation: Cancellation {
    Cancellation { self.isCancelled.load(ordering: .acquiring) }
  }
}
