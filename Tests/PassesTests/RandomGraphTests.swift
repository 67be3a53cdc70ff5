import Differential
import Testing

/// Passes and quantiser keep the meaning of any graph that verifies.
struct RandomGraphTests {
  #if DEBUG
  // The reference takes its time without optimisation.
  static let count: UInt64 = 12
  #else
  static let count: UInt64 = 150
  #endif

  @Test func passesKeepTheMeaning() {
    print("seeds 1 to \(Self.count)")
    var run = RandomRun()
    for seed in 1...Self.count { run.checkPasses(seed: seed) }
    #expect(run.disagreements.isEmpty, "\(run.disagreements.joined(separator: "\n"))")
    #expect(run.verdicts[.agreed, default: 0] > Int(Self.count) / 2)
  }
}
