internal import Bytes
internal import Synchronization

/// Sums up the time of each step of a plan, for all callers that run it.
final class StepClock: Sendable {
  /// Time of one step.
  struct Time {
    var seconds = 0.0
    /// Thread-seconds inside products.
    var productSeconds = 0.0
  }

  private struct State {
    var calls = 0
    var times: [Time]
  }

  private let state: Guarded<State>

  init(stepCount: Int) {
    state = Guarded(State(times: Array(repeating: Time(), count: stepCount)))
  }

  /// Calls so far, and the time of each step in all but the first.
  var totals: (calls: Int, times: [Time]) {
    state.withLock { ($0.calls, $0.times) }
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
      let (start, products) = (monotonicSeconds(), KernelTable.productSeconds)
      run(step)
      let elapsed = monotonicSeconds() - start
      let inside = KernelTable.productSeconds - products
      state.withLock {
        $0.times[index].seconds += elapsed
        $0.times[index].productSeconds += inside
      }
    }
  }
}
