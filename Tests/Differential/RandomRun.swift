internal import TestSupport

/// Many random graphs in a row, each held to the reference by one kernel level in turn.
public struct RandomRun {
  public private(set) var verdicts: [Verdict: Int] = [:]
  /// How graphs disagree, each with its seed.
  public private(set) var disagreements: [String] = []

  public init() {}

  public mutating func check(seed: UInt64, level: String) {
    let item = RandomGraph(seed: seed)
    note("seed \(seed), \(level)") { () throws(Disagreement) in
      try RuntimeOracle.check(item, level: level)
    }
  }

  public mutating func checkPasses(seed: UInt64) {
    let item = RandomGraph(seed: seed)
    note("seed \(seed)") { () throws(Disagreement) in try PassOracle.check(item) }
  }

  private mutating func note(
    _ what: String, _ check: () throws(Disagreement) -> Verdict
  ) {
    do throws(Disagreement) { verdicts[try check(), default: 0] += 1 } catch {
      disagreements.append("\(what): \(error)")
    }
  }
}
