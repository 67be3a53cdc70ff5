import Bytes
import Graph
import JSON
import Reference
import Runtime
import Tensors
import TestSupport
import Testing

/// Storage of values, and order of steps.
struct PlanningTests {
  /// A tall stack of maps, of which a small part of each is needed at the end, as of the stages of
  /// an encoder.
  private func stages(_ random: inout SeededRandom) throws -> Model {
    var builder = GraphBuilder("stages")
    var weights = WeightTable()
    func product(_ x: ValueID, _ name: String, _ columns: Int, _ depth: Int) throws -> ValueID {
      weights.set(name, Tensor(random.floats(columns * depth), shape: [columns, depth]))
      let weight = builder.weight(
        name, TensorType(.float, [Dim(constant: columns), Dim(constant: depth)]))
      return try builder.add(.linear(Linear(hasBias: false)), [x, weight], label: name)
    }
    var x = builder.input("x", .float(1, 500, 64))
    var maps: [ValueID] = []
    for level in 0..<4 {
      x = try product(x, "stage \(level)", 64, 64)
      maps.append(x)
    }
    for level in 0..<4 {
      builder.output("small \(level)", try product(maps[level], "small \(level)", 8, 64))
    }
    return Model(metadata: .object([]), graphs: [builder.graph], weights: weights)
  }

  @Test func mapsShrinkAsSoonAsNothingElseReadsThem() throws {
    var random = SeededRandom(seed: 41)
    let model = try stages(&random)
    var options = RuntimeOptions(threads: 1)
    options.fusesSteps = false
    let program = try Program(model, options: options)
    let inputs = ["x": Tensor(random.floats(500 * 64), shape: [1, 500, 64])]
    let expected = try ReferenceInterpreter(weights: model.weights)
      .evaluate(model.graphs[0], inputs: inputs)
    let actual = try program.run("stages", inputs)
    for (name, value) in expected {
      let closeness = Closeness(try #require(actual[name]).floats(), to: value.floats())
      #expect(closeness.relativeL2 < OperatorTests.floatTolerance, "\(name) \(closeness)")
    }
    // Two maps of 500 * 64 floats, where all four would wait for the end.
    #expect(program.arenaByteCount == 2 * 500 * 64 * 4)
  }

  /// Constants are handed out where they are, results of a run where its last step wrote them.
  @Test func outputsAreNotCopied() throws {
    var builder = GraphBuilder("mixed")
    let x = builder.input("x", .float(2, 3))
    let sum = try builder.add(.add, [x, x], label: "sum")
    builder.output("sum", sum)
    builder.output("again", sum)
    builder.output("flat", try builder.add(.reshape([6]), [sum], label: "flat"))
    let filled = try builder.add(.fill(2, [2, 3]), [], label: "fill")
    builder.output("constant", filled)
    let model = Model(metadata: .object([]), graphs: [builder.graph], weights: WeightTable())
    let inputs = ["x": Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])]
    var program: Program? = try Program(model)
    let first = try #require(try program?.run("mixed", inputs))
    let second = try #require(try program?.run("mixed", inputs))
    #expect(program?.arenaByteCount == 0)
    #expect(first["constant"]?.storage.base == second["constant"]?.storage.base)
    #expect(first["sum"]?.storage.base != second["sum"]?.storage.base)
    program = nil
    for results in [first, second] {
      for name in ["sum", "again", "flat"] {
        #expect(results[name]?.floats() == [2, 4, 6, 8, 10, 12], "\(name)")
      }
      #expect(results["constant"]?.floats() == [2, 2, 2, 2, 2, 2])
    }
  }
}
