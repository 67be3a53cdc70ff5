import Bytes
import JobSupport
import Workbench

/// The metrics of a workbench in Prometheus text format.
struct MetricsText {
  private(set) var text = ""

  init(_ workbench: Workbench) {
    let scheduler = workbench.scheduler.statistics
    let embeddings = workbench.pictures.embeddings.statistics
    add("sam2_info", .gauge, "The server.", [("version=\"\(Product.version)\"", 1)])
    add("sam2_uptime_seconds", .gauge, "Seconds since the start.", [("", workbench.uptime)])
    add(
      "sam2_pictures_open", .gauge, "Pictures that clients have open.",
      [("", Double(workbench.pictures.count))])
    add(
      "sam2_jobs_active", .gauge, "Jobs that run or wait.",
      [("", Double(workbench.jobs.activeCount))])
    add(
      "sam2_work_waiting", .gauge, "Pieces of work that wait, by priority.",
      rows { Double(scheduler.waiting[$0] ?? 0) })
    add(
      "sam2_work_total", .counter, "Pieces of work done, by priority.",
      rows { Double(scheduler.done[$0]?.count ?? 0) })
    add(
      "sam2_work_seconds_total", .counter, "Seconds of work done, by priority.",
      rows { scheduler.done[$0]?.workedSeconds ?? 0 })
    add(
      "sam2_work_waited_seconds_total", .counter, "Seconds that work waited, by priority.",
      rows { scheduler.done[$0]?.waitedSeconds ?? 0 })
    add(
      "sam2_work_refused_total", .counter, "Pieces of work refused because too much waited.",
      [("", Double(scheduler.refusedCount))])
    add(
      "sam2_embeddings", .gauge, "Encoded pictures in memory.", [("", Double(embeddings.count))])
    add(
      "sam2_embedding_bytes", .gauge, "Bytes of encoded pictures, by place.",
      [
        ("place=\"memory\"", Double(embeddings.memoryBytes)),
        ("place=\"disk\"", Double(embeddings.diskBytes)),
      ])
    add(
      "sam2_embedding_requests_total", .counter,
      "Requests for encoded pictures, by what gave them.",
      [
        ("from=\"memory\"", Double(embeddings.memoryHits)),
        ("from=\"disk\"", Double(embeddings.diskHits)),
        ("from=\"encoder\"", Double(embeddings.encodedCount)),
      ])
    add(
      "sam2_embeddings_evicted_total", .counter, "Encoded pictures dropped for others.",
      [("", Double(embeddings.evictedCount))])
  }

  private enum Kind: String { case gauge, counter }

  private func rows(_ value: (WorkPriority) -> Double) -> [(labels: String, value: Double)] {
    WorkPriority.allCases.map { ("priority=\"\($0.name)\"", value($0)) }
  }

  private mutating func add(
    _ name: String, _ kind: Kind, _ help: String, _ rows: [(labels: String, value: Double)]
  ) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    for (labels, value) in rows {
      text += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }
  }
}
