internal import Bytes
internal import CKernels
internal import Glibc
internal import Synchronization

/// A fixed set of threads that run numbered tasks of one job at a time.
///
/// Workers take the next task number from a shared counter, so uneven tasks balance themselves, and
/// a worker that the system lets wait delays nobody: a job is over when its tasks are done. Between
/// jobs a worker spins for a few microseconds, since the next step usually follows at once, and then
/// sleeps. Work is cut into tasks by size, never by the number of threads: results do not depend on
/// it.
///
/// With more threads than processors, only as many work on a job as there are processors, and none
/// spins: a thread that waits would take the processor from one that works.
final class ThreadPool: @unchecked Sendable {
  // Unchecked: `job` and `taskCount` are written only by the owner while the job is closed and no
  // worker is inside, and published by `isOpen`.
  private typealias Body = (_ task: Int, _ worker: Int) -> Void

  let threadCount: Int
  private var job: Body?
  private var taskCount = 0
  private let nextTask = Atomic<Int>(0)
  /// Counts jobs: what workers wait for.
  private let generation = Atomic<Int>(0)
  /// Whether there is a job that workers may enter.
  private let isOpen = Atomic<Bool>(false)
  /// Workers that have entered: the owner waits for these only.
  private let inside = Atomic<Int>(0)
  private let sleepers = Atomic<Int>(0)
  private let ownerSleeps = Atomic<Bool>(false)
  private let stopping = Atomic<Bool>(false)
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  /// Workers wait for a job, the owner for the last worker.
  private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let done = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var threads: [pthread_t] = []

  /// Workers that a job wakes.
  private let wokenCount: Int
  /// Looks at the counter before sleeping: about ten microseconds.
  private let spins: Int

  /// - Parameters:
  ///   - threadCount: threads that work, the caller of `run` included.
  ///   - processorCount: processors for them.
  init(threadCount: Int, processorCount: Int = ProcessorCount.usable) {
    self.threadCount = max(1, threadCount)
    wokenCount = max(1, min(self.threadCount, processorCount)) - 1
    spins = self.threadCount <= processorCount ? 1000 : 0
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(wake, nil)
    pthread_cond_init(done, nil)
    for worker in 1..<max(2, self.threadCount) where self.threadCount > 1 {
      start(worker)
    }
  }

  /// Stops the workers and joins them.
  ///
  /// The pool's owner calls this once, before it lets go.
  func shutDown() {
    stopping.store(true, ordering: .sequentiallyConsistent)
    generation.add(1, ordering: .sequentiallyConsistent)
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(wake)
    pthread_mutex_unlock(mutex)
    for thread in threads { pthread_join(thread, nil) }
    threads = []
  }

  deinit {
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(wake)
    pthread_cond_destroy(done)
    mutex.deallocate()
    wake.deallocate()
    done.deallocate()
  }

  /// Runs `body` for each task 0..<count and returns when all are done.
  ///
  /// `worker` is in 0..<threadCount and is never used by two tasks at once.
  func run(_ count: Int, _ body: (_ task: Int, _ worker: Int) -> Void) {
    guard count > 1, threadCount > 1 else {
      for task in 0..<max(0, count) { body(task, 0) }
      return
    }
    withoutActuallyEscaping(body) { body in
      job = body
      taskCount = count
      nextTask.store(0, ordering: .relaxed)
      isOpen.store(true, ordering: .sequentiallyConsistent)
      generation.add(1, ordering: .sequentiallyConsistent)
      if sleepers.load(ordering: .sequentiallyConsistent) > 0 { wakeWorkers() }
      takeTasks(body, worker: 0)
      // A worker that has not joined by now sees the job closed, or joins the next one.
      isOpen.store(false, ordering: .sequentiallyConsistent)
      waitForWorkers()
      job = nil
    }
  }

  private func wakeWorkers() {
    pthread_mutex_lock(mutex)
    if wokenCount == threadCount - 1 {
      pthread_cond_broadcast(wake)
    } else {
      for _ in 0..<wokenCount { pthread_cond_signal(wake) }
    }
    pthread_mutex_unlock(mutex)
  }

  private func takeTasks(_ body: Body, worker: Int) {
    while true {
      let task = nextTask.add(1, ordering: .relaxed).oldValue
      if task >= taskCount { return }
      body(task, worker)
    }
  }

  private func waitForWorkers() {
    for _ in 0..<spins {
      if inside.load(ordering: .sequentiallyConsistent) == 0 { return }
      sam2_pause()
    }
    pthread_mutex_lock(mutex)
    ownerSleeps.store(true, ordering: .sequentiallyConsistent)
    while inside.load(ordering: .sequentiallyConsistent) > 0 { pthread_cond_wait(done, mutex) }
    ownerSleeps.store(false, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(mutex)
  }

  // MARK: Workers

  private final class Launch {
    let pool: ThreadPool
    let worker: Int
    init(_ pool: ThreadPool, _ worker: Int) {
      self.pool = pool
      self.worker = worker
    }
  }

  private func start(_ worker: Int) {
    var thread = pthread_t()
    let launch = Unmanaged.passRetained(Launch(self, worker))
    let status = pthread_create(
      &thread, nil,
      { argument in
        if let argument {
          let launch = Unmanaged<Launch>.fromOpaque(argument).takeRetainedValue()
          launch.pool.work(launch.worker)
        }
        return nil
      }, launch.toOpaque())
    // Threads are a resource like memory: without them the program cannot keep its promise.
    precondition(status == 0, "cannot start a thread")
    threads.append(thread)
  }

  private func work(_ worker: Int) {
    var seen = 0
    while true {
      seen = waitForJob(after: seen)
      if stopping.load(ordering: .acquiring) { return }
      inside.add(1, ordering: .sequentiallyConsistent)
      // While this worker is inside, the owner leaves the job as it is.
      if isOpen.load(ordering: .sequentiallyConsistent), let job {
        takeTasks(job, worker: worker)
      }
      let left = inside.subtract(1, ordering: .sequentiallyConsistent).newValue
      if left == 0, ownerSleeps.load(ordering: .sequentiallyConsistent) {
        pthread_mutex_lock(mutex)
        pthread_cond_signal(done)
        pthread_mutex_unlock(mutex)
      }
    }
  }

  private func waitForJob(after seen: Int) -> Int {
    for _ in 0..<spins {
      let now = generation.load(ordering: .acquiring)
      if now != seen { return now }
      sam2_pause()
    }
    pthread_mutex_lock(mutex)
    sleepers.add(1, ordering: .sequentiallyConsistent)
    while generation.load(ordering: .sequentiallyConsistent) == seen {
      pthread_cond_wait(wake, mutex)
    }
    sleepers.subtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(mutex)
    return generation.load(ordering: .acquiring)
  }
}
