public import Bytes
import JSON
import Synchronization

/// The jobs of all clients: those in progress, and those that ended recently.
public final class JobTable: Sendable {
  private let jobs = Guarded<[String: WorkJob]>([:])
  private let limit: Int
  /// Number of finished jobs that are remembered.
  private static let keptCount = 256

  init(limit: Int) { self.limit = limit }

  public var all: [WorkJob] { jobs.withLock { Array($0.values) } }

  /// Number of unfinished jobs.
  public var activeCount: Int { all.count { !$0.status.isOver } }

  /// - Throws: `serve.unknown_id`.
  public func job(_ id: String) throws(Failure) -> WorkJob {
    guard let job = jobs.withLock({ $0[id] }) else {
      throw Failure(
        .missingInput, code: "serve.unknown_id", "there is no job \(printable(id, limit: 40))")
    }
    return job
  }

  /// Unfinished jobs for a picture or video.
  public func active(on subject: String) -> [WorkJob] {
    all.filter { $0.subject == subject && !$0.status.isOver }
  }

  /// Starts `body` as a job.
  /// - Throws: `serve.jobs` if too many are in progress.
  func start(
    kind: String, subject: String,
    _ body: @escaping @Sendable (WorkJob.Reporter) async throws -> JSONValue
  ) throws(Failure) -> WorkJob {
    let job = WorkJob(kind: kind, subject: subject)
    let isAdded = jobs.withLock { jobs in
      guard jobs.values.count(where: { !$0.status.isOver }) < limit else { return false }
      let over = jobs.values.compactMap { job in job.secondsOver.map { (job.id, $0) } }
      for (id, _) in over.sorted(by: { $0.1 < $1.1 }).dropFirst(JobTable.keptCount) {
        jobs[id] = nil
      }
      jobs[job.id] = job
      return true
    }
    guard isAdded else {
      throw Failure(
        .usage, code: "serve.jobs", "\(limit) jobs are at work, which is the limit",
        hint: "wait for one of them, or cancel it")
    }
    Task { await job.run(body) }
    return job
  }

  /// Asks all jobs to stop.
  public func cancelAll() { for job in all { job.cancel() } }
}
