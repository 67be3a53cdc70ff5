internal import Graph

/// Time spent in one step of a graph.
public struct StepTiming: Sendable {
  public let graph: String
  /// Path of the layer, and what the step does: "linear", or "layerNorm+linear+linear".
  public let label: String
  public let kind: String
  /// Calls that were timed: all but the first.
  public let calls: Int
  public let seconds: Double
  /// Multiply-accumulates of one call.
  public let floatWork: Double
  public let int8Work: Double
}

/// Sums up the time of each step of a plan.
final class StepClock {
  private(set) var calls = 0
  private(set) var seconds: [Double]

  init(stepCount: Int) { seconds = Array(repeating: 0, count: stepCount) }

  func time(_ steps: [Step], _ run: (Step) -> Void) {
    calls += 1
    // The first run meets fresh memory.
    if calls == 1 {
      steps.forEach(run)
      return
    }
    for (index, step) in steps.enumerated() {
      let start = monotonicSeconds()
      run(step)
      seconds[index] += monotonicSeconds() - start
    }
  }
}

extension Plan {
  func timings(graph: String) -> [StepTiming] {
    guard let clock else { return [] }
    return zip(steps, clock.seconds).map { step, seconds in
      let work = step.work
      return StepTiming(
        graph: graph, label: step.label, kind: step.kind, calls: max(0, clock.calls - 1),
        seconds: seconds, floatWork: work.float, int8Work: work.int8)
    }
  }
}

extension Step {
  fileprivate var kind: String {
    if let tokenAttention { return tokenAttention.kind }
    if let chain { return chain.kind }
    if let keyChain { return "\(keyChain.chain.kind)+int8 attention" }
    guard let chain = windowChain else { return op.name }
    let attention = chain.attention.isQuantized ? "int8 attention" : "float attention"
    let pool = chain.attention.pool > 1 ? "pool+" : ""
    return "\(chain.head.kind)+\(pool)\(attention)+\(chain.tail.kind)"
  }
}

extension RowChain {
  fileprivate var kind: String {
    var parts: [String] = []
    if norm != nil { parts.append("norm") }
    if windows != nil { parts.append("windows") }
    parts += products.map { $0.isQuantized ? "int8" : "float" }
    if residual != nil { parts.append("residual") }
    if pool != nil { parts.append("pool") }
    if rotation != nil { parts.append("rotate") }
    return parts.joined(separator: "+")
  }
}

extension TokenAttention {
  fileprivate var kind: String {
    switch self {
    case .reading(let reading):
      let products = [reading.keys, reading.values].filter { $0.projection != nil }
      return (products.map { _ in "float" } + ["attention"]).joined(separator: "+")
    case .update(let update):
      var parts = update.queries.projection == nil ? [] : ["float"]
      parts += ["attention", "float"]
      if update.residual != nil { parts.append("residual") }
      if update.norm != nil { parts.append("norm") }
      return parts.joined(separator: "+")
    }
  }
}
