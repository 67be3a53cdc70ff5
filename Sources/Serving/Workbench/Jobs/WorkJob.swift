public import Bytes
public import JSON
import JobSupport
import Synchronization

/// Work that takes longer than a request; it reports its progress and can be stopped.
public final class WorkJob: Sendable {
  public enum Status: String, Sendable {
    case waiting, running, done, failed, cancelled

    public var isOver: Bool { self == .done || self == .failed || self == .cancelled }
  }

  /// Lets the work report on itself; passed to its body.
  public struct Reporter: Sendable {
    fileprivate let job: WorkJob

    /// Whether a client has asked the job to stop.
    public var isCancelled: Bool { job.cancellation.cancellation.isRequested }

    public func progress(_ done: Int, of total: Int) {
      job.state.withLock { $0.progress = (done, total) }
      job.log.add("progress", ["done": .init(done), "total": .init(total)])
    }

    /// Reports part of the result.
    public func event(_ name: String, _ data: JSONValue) { job.log.add(name, data) }
  }

  public let id: String
  /// The kind of work: "automatic", "propagate" and so on.
  public let kind: String
  /// The picture or video that it works on.
  public let subject: String
  private let log = JobEventLog()
  private let cancellation = CancellationSource()
  private let state = Guarded(State())

  private struct State: Sendable {
    var status = Status.waiting
    var progress = (done: 0, total: 0)
    var result: JSONValue?
    var failure: Failure?
    var ended: Double?
  }

  init(kind: String, subject: String) {
    id = Identifier.new()
    (self.kind, self.subject) = (kind, subject)
  }

  public var status: Status { state.withLock { $0.status } }

  /// Why the job failed; nil unless it did.
  public var failure: Failure? { state.withLock { $0.failure } }

  /// Seconds since the job finished; nil while it is unfinished.
  var secondsOver: Double? { state.withLock { $0.ended }.map { StageClock.now() - $0 } }

  /// Asks the job to stop at the next suitable point.
  public func cancel() { cancellation.cancel() }

  /// Runs `body` as the job's work and records how it ended.
  func run(_ body: (Reporter) async throws -> JSONValue) async {
    state.withLock { $0.status = .running }
    let reporter = Reporter(job: self)
    do {
      let result = try await body(reporter)
      end(reporter.isCancelled ? .cancelled : .done, result: result)
    } catch is CancellationError {
      end(.cancelled)
    } catch let failure as Failure {
      end(.failed, failure: failure)
    } catch {
      end(
        .failed,
        failure: Failure(.internalError, code: "serve.job", "the job failed: \(error)"))
    }
  }

  private func end(_ status: Status, result: JSONValue? = nil, failure: Failure? = nil) {
    state.withLock { state in
      (state.status, state.result, state.failure) = (status, result, failure)
      state.ended = StageClock.now()
    }
    log.add(status.rawValue, failure?.json ?? result ?? .object([]))
    log.close()
  }

  public var json: JSONValue {
    let state = state.withLock { $0 }
    return [
      "id": .string(id), "kind": .string(kind), "subject": .string(subject),
      "status": .string(state.status.rawValue),
      "progress": ["done": .init(state.progress.done), "total": .init(state.progress.total)],
      "result": state.result ?? .null, "error": state.failure?.json ?? .null,
    ]
  }

  /// The events after number `last`, until the job is over.
  public func events(
    after last: Int
  ) -> AsyncStream<(number: Int, name: String, data: String)> {
    let source = log.events(after: last)
    let (stream, continuation) = AsyncStream.makeStream(
      of: (number: Int, name: String, data: String).self)
    let task = Task {
      for await event in source { continuation.yield((event.number, event.name, event.data)) }
      continuation.finish()
    }
    continuation.onTermination = { _ in task.cancel() }
    return stream
  }
}

extension Failure {
  /// A failure in machine-readable form: the meaning of its code never changes.
  public var json: JSONValue {
    func text(_ value: String?) -> JSONValue {
      value.map { .string(printable($0, limit: 2000)) } ?? .null
    }
    return [
      "code": .string(code), "message": text(message), "place": text(place), "hint": text(hint),
      "file": text(file),
    ]
  }
}
