import Bytes
import Differential
import Runtime
import TestSupport

/// The choices of a random graph, which must agree with the reference on the level that the first
/// byte picks.
func fuzzRuntime(_ input: UnsafeRawBufferPointer) throws(Failure) {
  let levels = KernelTable.testedLevels
  let level = levels[Int(input.first ?? 0) % levels.count]
  try accept { () throws(Disagreement) in
    try RuntimeOracle.check(graph(input.dropFirst()), level: level)
  }
}

/// The choices of a random graph, which passes and quantiser rewrite without changing its meaning.
func fuzzPasses(_ input: UnsafeRawBufferPointer) throws(Failure) {
  try accept { () throws(Disagreement) in try PassOracle.check(graph(input[...])) }
}

private func graph(_ bytes: Slice<UnsafeRawBufferPointer>) -> RandomGraph {
  RandomGraph(Choices(bytes: Array(bytes)), nodeLimit: 12)
}

private func accept(_ check: () throws(Disagreement) -> Verdict) throws(Failure) {
  let verdict: Verdict
  do throws(Disagreement) { verdict = try check() } catch {
    print(error)
    preconditionFailure(error.description)
  }
  if case .refused(let code) = verdict { throw Failure(.badInput, code: code, "refused") }
}
