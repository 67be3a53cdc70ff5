internal import Glibc
public import JSON

/// Milliseconds spent in each stage of a job, summed by name.
public struct StageClock: Sendable {
  /// In order of first appearance.
  public private(set) var stages: [(name: String, milliseconds: Double)] = []

  public init() {}

  /// Runs `body` and adds its time to `stage`, even if it throws.
  public mutating func time<Result, Problem: Error>(
    _ stage: String, _ body: () throws(Problem) -> Result
  ) throws(Problem) -> Result {
    let start = StageClock.now()
    defer { add(stage, milliseconds: (StageClock.now() - start) * 1000) }
    return try body()
  }

  /// Adds a time that was measured elsewhere.
  public mutating func add(_ stage: String, milliseconds: Double) {
    if let index = stages.firstIndex(where: { $0.name == stage }) {
      stages[index].milliseconds += milliseconds
    } else {
      stages.append((stage, milliseconds))
    }
  }

  /// Milliseconds spent in `stage`, or 0 if it never ran.
  public subscript(stage: String) -> Double {
    stages.first { $0.name == stage }?.milliseconds ?? 0
  }

  /// Sum over all stages.
  public var total: Double { stages.reduce(0) { $0 + $1.milliseconds } }

  /// An object with one number per stage, in milliseconds rounded to microseconds.
  public var json: JSONValue {
    .object(stages.map { ($0.name, milliseconds($0.milliseconds)) })
  }

  /// The time on the monotonic clock, in seconds.
  public static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

/// A duration in milliseconds for JSON; more than three decimals would be noise.
public func milliseconds(_ value: Double) -> JSONValue {
  .number((value * 1000).rounded() / 1000)
}
