internal import Bytes
internal import Synchronization

/// Sums up the time of each step of a plan, for all callers that run it.
final class StepClock: Sendable {
  private struct State {
    var calls = 0
    var seconds: [Double]
  }

  private let state: Guarded<State>

  init(stepCount: Int) {
    state = Guarded(State(seconds: Array(repeating: 0, count: stepCount)))
  }

  /// Calls so far, and the seconds of each step in all but the first.
  var totals: (calls: Int, seconds: [Double]) {
    state.withLock { ($0.calls, $0.seconds) }
  }

  /// Times one run of `steps`.
  func time(_ steps: [Step], _ run: (Step) -> Void) {
    let isFirst = state.withLock { state in
      state.calls += 1
      return state.calls == 1
    }
    // The first run is not counted: it faults in fresh pages.
    if isFirst {
      steps.forEach(run)
      return
    }
    for (index, step) in steps.enumerated() {
      let start = monotonicSeconds()
      run(step)
      let elapsed = monotonicSeconds() - start
      state.withLock { $0.seconds[index] += elapsed }
    }
  }
}
