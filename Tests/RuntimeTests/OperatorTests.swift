import Graph
import Reference
import Runtime
import Tensors
import TestSupport
import Testing

/// Every operator, on every kernel level of this CPU, against the double-precision interpreter.
struct OperatorTests {
  /// Relative L2 distance that float32 sums of a few hundred terms may have from exact ones.
  static let floatTolerance = 3e-6

  @Test(arguments: operatorCases)
  func agreesWithReference(_ item: OperatorCase) throws {
    let (model, inputs) = try item.make(seed: 11)
    let interpreter = ReferenceInterpreter(weights: model.weights)
    let expected = try #require(
      try interpreter.evaluate(model.graphs[0], inputs: inputs)["result"])
    for level in KernelTable.testedLevels {
      let program = try Program(model, options: RuntimeOptions(threads: 2, kernelLevel: level))
      let actual = try #require(try program.run("case", inputs)["result"])
      #expect(actual.shape.dimensions == expected.shape)
      let closeness = Closeness(actual.floats(), to: expected.floats())
      #expect(closeness.relativeL2 < Self.floatTolerance, "\(level): \(closeness)")
    }
  }

  @Test func everyOperatorHasACase() {
    #expect(Set(operatorCases.map(\.op.name)) == Set(OperatorKind.allCases.map(\.rawValue)))
  }

  @Test(arguments: operatorCases)
  func doesNotDependOnThreads(_ item: OperatorCase) throws {
    let (model, inputs) = try item.make(seed: 12)
    let one = try Program(model, options: RuntimeOptions(threads: 1)).run("case", inputs)
    let three = try Program(model, options: RuntimeOptions(threads: 3)).run("case", inputs)
    let (a, b) = (try #require(one["result"]), try #require(three["result"]))
    #expect(a.floats().map(\.bitPattern) == b.floats().map(\.bitPattern))
  }
}
