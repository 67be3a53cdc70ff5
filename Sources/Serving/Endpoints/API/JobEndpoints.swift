import Bytes
import JSON
public import Workbench

/// Long-running work: its state, its events, its end.
public struct JobEndpoints: Sendable {
  private let jobs: JobTable

  public init(_ workbench: Workbench) { jobs = workbench.jobs }

  public var endpoints: [Endpoint] {
    let one = "/api/jobs/{id}"
    return [
      Endpoint(.get, "/api/jobs") { call in
        let subject = call.query["subject"]
        let found = jobs.all.filter { subject == nil || $0.subject == subject }
        return Answer(["jobs": .array(found.sorted { $0.id < $1.id }.map(\.json))])
      },
      Endpoint(.get, one) { call in Answer(try job(call).json) },
      Endpoint(.delete, one) { call in
        try job(call).cancel()
        return .done
      },
      Endpoint(.get, "\(one)/events") { call in
        Answer(events: stream(try job(call), after: try last(call)))
      },
    ]
  }

  private func job(_ call: Call) throws(Failure) -> WorkJob { try jobs.job(call.parameter("id")) }

  /// The number of the last event that a client has: from the header that browsers send
  /// automatically, or from `after`.
  private func last(_ call: Call) throws(Failure) -> Int {
    if let text = call.headers["last-event-id"], let number = Int(text) { return number }
    return try call.integer("after") ?? 0
  }

  private func stream(_ job: WorkJob, after last: Int) -> AsyncStream<StreamEvent> {
    let events = job.events(after: last)
    let (stream, continuation) = AsyncStream.makeStream(of: StreamEvent.self)
    let task = Task {
      for await event in events {
        continuation.yield(StreamEvent(id: event.number, name: event.name, data: event.data))
      }
      continuation.finish()
    }
    continuation.onTermination = { _ in task.cancel() }
    return stream
  }
}
