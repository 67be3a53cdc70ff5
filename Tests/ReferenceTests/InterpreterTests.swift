import Bytes
import Graph
import Reference
import Tensors
import TestSupport
import Testing

/// Whole graphs: symbols, weights, outputs, and what is refused.
struct InterpreterTests {
  private let rows = Dim(Symbol("rows"))

  /// y = relu(x W^T) + 1 and the row count kept symbolic; z = x, passed through.
  private func graph() throws -> Graph {
    var builder = GraphBuilder("small")
    let x = builder.input("x", .float(rows, 2))
    let weight = builder.weight("w", .float(1, 2))
    let product = try builder.add(
      .linear(.init(hasBias: false, activation: .relu)), [x, weight], label: "product")
    let one = try builder.add(.fill(1, [rows, 1]), [], label: "one")
    let sum = try builder.add(.add, [product, one], label: "sum")
    builder.output("y", sum)
    builder.output("z", x)
    return builder.graph
  }

  private func weights() -> WeightTable {
    var table = WeightTable()
    table.set("w", Tensor([10, 1] as [Float], shape: [1, 2]).converted(to: .float16))
    return table
  }

  private let input = Tensor([1, 2, -3, 4, 0, 5] as [Float], shape: [3, 2])

  @Test func evaluatesOutputs() throws {
    let interpreter = ReferenceInterpreter(weights: weights())
    let results = try interpreter.evaluate(try graph(), inputs: ["x": input])
    #expect(results["y"] == ReferenceValue([3, 1], [13, 1, 6]))
    #expect(results["z"]?.values == [1, 2, -3, 4, 0, 5])
    #expect(results.count == 2)
  }

  @Test func traceKeepsEveryValue() throws {
    let graph = try graph()
    let values = try ReferenceInterpreter(weights: weights()).trace(graph, inputs: ["x": input])
    #expect(values.count == graph.values.count)
    #expect(values[graph.nodes[0].result]?.values == [12, 0, 5])
    #expect(values[graph.nodes[2].result]?.floats() == [13, 1, 6])
  }

  @Test func missingAndWrongOperandsAreRefused() throws {
    let graph = try graph()
    #expect(throws: failure("reference.missing")) {
      try ReferenceInterpreter().evaluate(graph, inputs: ["x": input])
    }
    var wrong = WeightTable()
    wrong.set("w", Tensor([1, 2, 3] as [Float], shape: [1, 3]))
    #expect(throws: failure("reference.type")) {
      try ReferenceInterpreter(weights: wrong).evaluate(graph, inputs: ["x": input])
    }
    wrong.set("w", Tensor([1, 2] as [Int32], shape: [1, 2]))
    #expect(throws: failure("reference.type")) {
      try ReferenceInterpreter(weights: wrong).evaluate(graph, inputs: ["x": input])
    }
    #expect(throws: failure("graph.inputs")) {
      try ReferenceInterpreter(weights: weights()).evaluate(graph, inputs: [:])
    }
  }

  @Test func failuresNameTheNode() throws {
    var builder = GraphBuilder("lookup")
    let table = builder.input("table", .float(2, 1))
    let indices = builder.input("indices", TensorType(.int32, [1]))
    builder.output("y", try builder.add(.gather, [table, indices], label: "embed"))
    let inputs = [
      "table": Tensor([1, 2] as [Float], shape: [2, 1]),
      "indices": Tensor([16_777_217] as [Int32], shape: [1]),
    ]
    do {
      _ = try ReferenceInterpreter().evaluate(builder.graph, inputs: inputs)
      Issue.record("an index outside the table was accepted")
    } catch {
      #expect(error == failure("reference.index"))
      #expect(error.place == "embed")
      // Above 2^24 a detour by 32-bit floats would lose the last bit.
      #expect(error.message.contains("16777217"))
    }
  }

  @Test func elementTypesOutsideGraphsAreRefused() {
    let tensor = Tensor(dtype: .int64, shape: [1]) { _ in }
    #expect(throws: failure("reference.dtype")) { try ReferenceValue(tensor) }
  }
}
