internal import Bytes
import JSON
import JobSupport
public import Media

/// The figures of a live job to date.
public struct LiveStatistics: Sendable {
  /// Counts of the source's frames.
  public internal(set) var frames = LiveFrameCounts()
  public private(set) var trackedCount = 0
  /// Number of prompts carried out.
  public internal(set) var promptCount = 0
  /// Number of lines refused.
  public internal(set) var refusedCount = 0
  private var latency = LatencySummary()
  private var work = LatencySummary()

  mutating func add(latency milliseconds: Double, work ownMilliseconds: Double) {
    trackedCount += 1
    latency.add(milliseconds: milliseconds)
    work.add(milliseconds: ownMilliseconds)
  }

  var members: [(key: String, value: JSONValue)] {
    [
      ("frames", .init(frames.arrived)), ("tracked", .init(trackedCount)),
      ("dropped", .init(frames.dropped)), ("prompts", .init(promptCount)),
      ("prompt_errors", .init(refusedCount)), ("milliseconds", work.json),
      ("latency_milliseconds", latency.json),
    ]
  }

  /// A one-line summary for people.
  public var summary: String {
    let counts = "\(trackedCount) of \(frames.arrived) frames tracked, \(frames.dropped) dropped"
    guard trackedCount > 0 else { return counts }
    return counts + ", delay \(fixed(latency.quantile(0.5), 1)) ms in the median, "
      + "\(fixed(latency.quantile(0.95), 1)) ms for 95 %"
  }
}
