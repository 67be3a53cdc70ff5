import Bytes
import JobSupport
import Synchronization

/// Runs the model for many clients: work waits in order of priority, and the threads that answer
/// requests never wait for the model.
///
///     let masks = try await scheduler.run(.click) { _ in try predictor.predict(prompt) }
///
/// `jobs` threads do all kinds of work, and one more handles only clicks. A click therefore never
/// waits for an encoder or a propagation, though it shares the processors with them, and long work
/// gives way between its pieces.
public final class Scheduler: Sendable {
  /// One piece of waiting work.
  private struct Item: Sendable {
    let run: @Sendable (Slot) -> Void
    /// Called instead if the scheduler stops first.
    let abandon: @Sendable () -> Void
    let enqueued: Double
  }

  private struct State: Sendable {
    var queues: [[Item]] = WorkPriority.allCases.map { _ in [] }
    var isStopped = false
    var statistics = SchedulerStatistics()
  }

  private let state = Guarded(State())
  private let anyWork = Bell()
  private let clicks = Bell()
  private let queueLimit: Int
  private let workers = Guarded<[BackgroundWork<Void>]>([])

  /// - Parameters:
  ///   - jobs: pieces of work done at the same time, excluding clicks
  ///   - queueLimit: pieces of work that may wait
  public init(jobs: Int = 1, queueLimit: Int = 1024) {
    self.queueLimit = queueLimit
    let count = max(jobs, 1)
    workers.withLock { workers in
      for _ in 0..<count {
        workers.append(BackgroundWork { self.serve(upTo: .ahead, self.anyWork) })
      }
      workers.append(BackgroundWork { self.serve(upTo: .click, self.clicks) })
    }
  }

  /// Lets the work in progress finish, drops the rest, and ends the threads; later work fails.
  public func stop() {
    let dropped = state.withLock { state in
      state.isStopped = true
      let items = state.queues.flatMap(\.self)
      state.queues = WorkPriority.allCases.map { _ in [] }
      return items
    }
    for item in dropped { item.abandon() }
    let threads = workers.withLock { workers in
      let all = workers
      workers = []
      return all
    }
    for _ in threads {
      anyWork.ring()
      clicks.ring()
    }
    for thread in threads { thread.value() }
  }

  public var statistics: SchedulerStatistics {
    state.withLock { state in
      var copy = state.statistics
      for priority in WorkPriority.allCases {
        copy.waiting[priority] = state.queues[priority.rawValue].count
      }
      return copy
    }
  }

  // MARK: - Work

  /// Runs `body` after all work that is more urgent or older, on one of the scheduler's threads.
  /// - Throws: `serve.overloaded` if too much work is already waiting, `serve.stopping`; any error
  ///   that `body` throws.
  public func run<Value: Sendable>(
    _ priority: WorkPriority, _ body: @escaping @Sendable (Slot) throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let item = Item(
        run: { slot in continuation.resume(with: Result { try body(slot) }) },
        abandon: { continuation.resume(throwing: Scheduler.stopping) },
        enqueued: StageClock.now())
      if let refusal = enqueue(item, priority) { continuation.resume(throwing: refusal) }
    }
  }

  /// - Returns: why the work was refused; nil if it has been queued.
  private func enqueue(_ item: Item, _ priority: WorkPriority) -> Failure? {
    let refusal = state.withLock { state -> Failure? in
      if state.isStopped { return Scheduler.stopping }
      guard state.queues.reduce(0, { $0 + $1.count }) < queueLimit else {
        state.statistics.refusedCount += 1
        return Failure(
          .usage, code: "serve.overloaded", "too much work is waiting already",
          hint: "try again in a moment")
      }
      state.queues[priority.rawValue].append(item)
      return nil
    }
    guard refusal == nil else { return refusal }
    anyWork.ring()
    if priority == .click { clicks.ring() }
    return nil
  }

  /// Does the most urgent waiting work with a priority up to `limit`; false if there is nothing to
  /// do.
  fileprivate func serveOne(upTo limit: WorkPriority) -> Bool {
    let next = state.withLock { state -> (WorkPriority, Item)? in
      for priority in WorkPriority.allCases where priority.rawValue <= limit.rawValue {
        guard !state.queues[priority.rawValue].isEmpty else { continue }
        return (priority, state.queues[priority.rawValue].removeFirst())
      }
      return nil
    }
    guard let (priority, item) = next else { return false }
    let start = StageClock.now()
    item.run(Slot(self, priority))
    let end = StageClock.now()
    state.withLock { state in
      state.statistics.add(priority, waited: start - item.enqueued, took: end - start)
    }
    return true
  }

  private func serve(upTo limit: WorkPriority, _ bell: Bell) {
    while true {
      bell.wait()
      if state.withLock({ $0.isStopped }) { return }
      // Another thread may already have done the work for which the bell was rung.
      _ = serveOne(upTo: limit)
    }
  }

  private static let stopping = Failure(
    .usage, code: "serve.stopping", "the server is stopping", hint: "try again when it runs again")
}

/// The place of a piece of work in the schedule, as seen by that work.
public struct Slot: Sendable {
  private let scheduler: Scheduler
  private let priority: WorkPriority

  fileprivate init(_ scheduler: Scheduler, _ priority: WorkPriority) {
    (self.scheduler, self.priority) = (scheduler, priority)
  }

  /// Does any waiting work that is more urgent than this; long work calls it between its pieces.
  public func giveWay() {
    guard let higher = WorkPriority(rawValue: priority.rawValue - 1) else { return }
    while scheduler.serveOne(upTo: higher) {}
  }
}

/// Statistics about completed work, for metrics.
public struct SchedulerStatistics: Sendable {
  /// Statistics for one priority.
  public struct Entry: Sendable {
    public var count = 0
    public var waitedSeconds = 0.0
    public var workedSeconds = 0.0
  }

  public internal(set) var done: [WorkPriority: Entry] = [:]
  public internal(set) var waiting: [WorkPriority: Int] = [:]
  public internal(set) var refusedCount = 0

  mutating func add(_ priority: WorkPriority, waited: Double, took: Double) {
    done[priority, default: Entry()].count += 1
    done[priority, default: Entry()].waitedSeconds += waited
    done[priority, default: Entry()].workedSeconds += took
  }
}
