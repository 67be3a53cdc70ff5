import Differential
import Graph
import Runtime
import TestSupport
import Testing

/// Any graph that verifies runs as the reference does, with joined steps and without.
///
/// `Scripts/fuzz.sh random` runs as many more as there is time for.
struct RandomGraphTests {
  #if DEBUG
  // The reference takes its time without optimisation.
  static let count: UInt64 = 25
  #else
  static let count: UInt64 = 150
  #endif

  @Test(arguments: KernelTable.testedLevels)
  func agreesWithReference(level: String) {
    print("seeds 1 to \(Self.count) on \(level)")
    var run = RandomRun()
    for seed in 1...Self.count { run.check(seed: seed, level: level) }
    #expect(run.disagreements.isEmpty, "\(run.disagreements.joined(separator: "\n"))")
    // Graphs that are refused prove little.
    #expect(run.verdicts[.agreed, default: 0] > Int(Self.count) / 2)
  }

  /// Every operator and every pattern comes up.
  @Test func coversAllOperators() {
    var kinds: Set<OperatorKind> = []
    for seed: UInt64 in 1...150 {
      kinds.formUnion(RandomGraph(seed: seed).graph.nodes.map { OperatorKind($0.op) })
    }
    #expect(kinds == Set(OperatorKind.allCases))
  }

  /// A fuzzer's bytes make graphs too, also when they end early.
  @Test func bytesMakeGraphs() throws {
    var random = SeededRandom(seed: 5)
    for count in 0..<60 {
      let bytes = (0..<count * 3).map { _ in UInt8.random(in: 0...255, using: &random) }
      try RandomGraph(Choices(bytes: bytes)).model.verify()
    }
  }
}
