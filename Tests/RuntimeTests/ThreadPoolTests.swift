import Bytes
import Synchronization
import Testing

@testable import Runtime

@Suite struct ThreadPoolTests {
  /// Fewer processors than threads, as many, and more.
  @Test(arguments: [1, 2, 3, 8], [1, 2, 8])
  func everyTaskRunsOnceOnAWorkerOfItsOwn(threads: Int, processors: Int) {
    let pool = ThreadPool(threadCount: threads, processorCount: processors)
    defer { pool.shutDown() }
    for count in [0, 1, 2, 3, 7, 64] + Array(repeating: 20, count: 50) {
      let runs = Tally(count)
      let busy = Tally(threads)
      let clashes = Atomic<Int>(0)
      pool.run(count) { task, worker in
        if busy.add(1, to: worker) != 1 { clashes.add(1, ordering: .relaxed) }
        _ = runs.add(1, to: task)
        _ = busy.add(-1, to: worker)
      }
      #expect(runs.counts == Array(repeating: 1, count: count))
      #expect(clashes.load(ordering: .relaxed) == 0)
    }
  }
}

/// Counters that threads share.
private final class Tally: Sendable {
  private let values: Guarded<[Int]>

  init(_ count: Int) { values = Guarded(Array(repeating: 0, count: count)) }

  var counts: [Int] { values.withLock { $0 } }

  /// - Returns: the counter after the addition.
  func add(_ number: Int, to index: Int) -> Int {
    values.withLock {
      $0[index] += number
      return $0[index]
    }
  }
}
