internal import Bytes
import CLISupport
import Runtime
import SAM2
import SAM2Jobs

extension TrackJob {
  /// A one-line summary of the work so far, for people.
  var summary: String {
    let rate = trackedSeconds > 0 ? Double(trackedFrameCount) / trackedSeconds : 0
    return "\(trackedFrameCount) frames tracked, "
      + "\(objectCount) object\(objectCount == 1 ? "" : "s"), "
      + "\(fixed(rate, rate < 10 ? 2 : 1)) frames/s"
  }

  /// A line for each graph that has run.
  var stageLines: [String] {
    stages.map { name, timing in
      "\(name): \(timing.calls) calls, \(fixed(timing.seconds * 1000 / Double(timing.calls), 1)) ms"
    }
  }
}
