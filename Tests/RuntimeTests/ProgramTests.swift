import Bytes
import Graph
import JSON
import Reference
import Runtime
import Tensors
import TestSupport
import Testing

/// Whole small graphs: views, folding, symbols, errors.
struct ProgramTests {
  /// Queries, keys and values as slices of one product, which the planner replaces by views.
  private func slicedAttention() throws -> Model {
    var random = SeededRandom(seed: 3)
    var builder = GraphBuilder("sliced")
    let items = Dim(Symbol("items"))
    let x = builder.input("x", TensorType(.float, [items, 16, 24]))
    let weight = builder.weight("w", .float(96, 24))
    let all = try builder.add(.linear(Linear(hasBias: false)), [x, weight], label: "qkv")
    let parts = try (0..<3).map {
      try builder.add(
        .slice(axis: 2, start: Dim(constant: 32 * $0), count: 32), [all], label: "part")
    }
    let attended = try builder.add(
      .attention(heads: 2, scale: 0.25), parts, label: "attention")
    // A slice that is an output has to be copied, and a constant grid is folded.
    builder.output("queries", parts[0])
    let grid = try builder.add(.pixelGrid(height: 4, width: 4), [], label: "grid")
    let flat = try builder.add(.reshape([1, 16, 2]), [grid], label: "flat")
    let wide = try builder.add(.broadcast([items, 16, 2]), [flat], label: "wide")
    builder.output(
      "result", try builder.add(.concat(axis: 2), [attended, wide], label: "concat"))
    var weights = WeightTable()
    weights.set("w", Tensor(random.floats(96 * 24), shape: [96, 24]))
    return Model(metadata: .object([]), graphs: [builder.graph], weights: weights)
  }

  @Test func viewsFoldingAndSymbolsAgreeWithReference() throws {
    let model = try slicedAttention()
    let program = try Program(model)
    var random = SeededRandom(seed: 4)
    for items in [1, 3, 1] {
      let inputs = ["x": Tensor(random.floats(items * 16 * 24), shape: [items, 16, 24])]
      let expected = try ReferenceInterpreter(weights: model.weights)
        .evaluate(model.graphs[0], inputs: inputs)
      let actual = try program.run("sliced", inputs)
      for name in ["queries", "result"] {
        let closeness = Closeness(
          try #require(actual[name]).floats(), to: try #require(expected[name]).floats())
        #expect(closeness.relativeL2 < OperatorTests.floatTolerance, "\(name) \(closeness)")
      }
    }
  }

  @Test func wrongInputsAreNamed() throws {
    let program = try Program(try slicedAttention())
    let wrong = Tensor([Float](repeating: 0, count: 6), shape: [2, 3])
    for inputs in [[:], ["x": wrong]] {
      #expect(throws: Failure(.internalError, code: "graph.inputs", "")) {
        try program.run("sliced", inputs)
      }
    }
    #expect(throws: Failure(.badInput, code: "model.graph", "")) { try program.run("other") }
  }

  @Test func unknownKernelLevelIsRefused() throws {
    let model = try slicedAttention()
    #expect(throws: Failure(.usage, code: "cpu.level", "")) {
      try Program(model, options: RuntimeOptions(kernelLevel: "sse9"))
    }
  }
}
