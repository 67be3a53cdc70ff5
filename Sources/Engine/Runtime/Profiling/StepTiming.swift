internal import Graph

/// Time spent in one step of a graph.
public struct StepTiming: Sendable {
  public let graph: String
  /// Path of the layer, and what the step does: "linear", or "norm+int8+float".
  public let label: String
  public let kind: String
  /// Calls that were timed: all but the first.
  public let calls: Int
  public let seconds: Double
  /// Thread-seconds of those inside products and attention.
  public let productSeconds: Double
  /// Multiply-accumulates of one call.
  public let floatWork: Double
  public let int8Work: Double
}

extension Plan {
  var timings: [StepTiming] {
    guard let clock else { return [] }
    let (calls, times) = clock.totals
    return zip(steps, times).map { step, time in
      let work = step.work
      return StepTiming(
        graph: graph, label: step.label, kind: step.kernel.name, calls: max(0, calls - 1),
        seconds: time.seconds, productSeconds: time.productSeconds, floatWork: work.float,
        int8Work: work.int8)
    }
  }
}
