import Bytes
import Synchronization
import Testing

@testable import Workbench

@Suite("The scheduler")
struct SchedulerTests {
  /// Keeps what happened, in order.
  private final class Record: Sendable {
    private let names = Guarded<[String]>([])
    func add(_ name: String) { names.withLock { $0.append(name) } }
    var all: [String] { names.withLock { $0 } }
  }

  /// Waits without keeping a thread that others need.
  private func wait(until condition: () -> Bool) async throws {
    for _ in 0..<Self.patience where !condition() { try await Task.sleep(for: .milliseconds(1)) }
    try #require(condition(), "nothing happened")
  }

  /// Milliseconds.
  private static let patience = 60_000

  @Test("does what is urgent first")
  func order() async throws {
    let scheduler = Scheduler()
    defer { scheduler.stop() }
    let record = Record()
    let gate = Bell()
    let started = Record()
    // Keeps the one thread for long work busy until everything waits.
    async let blocker: Void = scheduler.run(.long) { _ in
      started.add("started")
      gate.wait()
    }
    try await wait { !started.all.isEmpty }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for priority in [WorkPriority.ahead, .long, .encode] {
        group.addTask { try await scheduler.run(priority) { _ in record.add(priority.name) } }
      }
      try await wait { !(scheduler.statistics.waiting.values.reduce(0, +) < 3) }
      gate.ring()
      try await group.waitForAll()
    }
    try await blocker
    #expect(record.all == ["encode", "long", "ahead"])
  }

  @Test("does a click while long work is at hand")
  func clicksDoNotWait() async throws {
    let scheduler = Scheduler()
    defer { scheduler.stop() }
    let gate = Bell()
    async let blocker: Void = scheduler.run(.long) { _ in gate.wait() }
    let found1 = try await scheduler.run(.click) { _ in 7 }
    #expect(found1 == 7)
    gate.ring()
    try await blocker
  }

  @Test("lets long work give way to an encoder")
  func givingWay() async throws {
    let scheduler = Scheduler()
    defer { scheduler.stop() }
    let record = Record()
    let gate = Bell()
    let started = Record()
    async let long: Void = scheduler.run(.long) { slot in
      started.add("started")
      gate.wait()
      slot.giveWay()
      record.add("long")
    }
    try await wait { !started.all.isEmpty }
    async let encode: Void = scheduler.run(.encode) { _ in record.add("encode") }
    try await wait { !(scheduler.statistics.waiting[.encode] != 1) }
    gate.ring()
    _ = try await (long, encode)
    #expect(record.all == ["encode", "long"])
  }

  @Test("hands on failures, refuses too much, and ends")
  func failures() async throws {
    let scheduler = Scheduler(queueLimit: 1)
    let gate = Bell()
    let started = Record()
    await #expect(throws: Failure(.badInput, code: "test.code", "")) {
      try await scheduler.run(.encode) { _ in throw Failure(.badInput, code: "test.code", "") }
    }
    async let blocker: Void = scheduler.run(.long) { _ in
      started.add("started")
      gate.wait()
    }
    try await wait { !started.all.isEmpty }
    async let waiting: Void = scheduler.run(.long) { _ in }
    try await wait { !(scheduler.statistics.waiting[.long] != 1) }
    await #expect(throws: Failure(.usage, code: "serve.overloaded", "")) {
      try await scheduler.run(.long) { _ in }
    }
    gate.ring()
    _ = try await (blocker, waiting)
    scheduler.stop()
    await #expect(throws: Failure(.usage, code: "serve.stopping", "")) {
      try await scheduler.run(.click) { _ in }
    }
  }
}
