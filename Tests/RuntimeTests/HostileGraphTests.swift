import Bytes
import Graph
import JSON
import Runtime
import Tensors
import TestSupport
import Testing

/// Well-formed graphs that a stranger may write to mislead the planner.
struct HostileGraphTests {
  private func program(
    _ graph: Graph, _ weights: WeightTable, fusesSteps: Bool = true
  ) throws -> Program {
    let model = Model(metadata: .object([]), graphs: [graph], weights: weights)
    try model.verify()
    var options = RuntimeOptions(threads: 1)
    options.fusesSteps = fusesSteps
    return try Program(model, options: options)
  }

  /// Names may hold spaces, so text that joins them does not identify a weight.
  @Test func weightsWithSpacesInTheirNamesArePackedApart() throws {
    var builder = GraphBuilder("net")
    var weights = WeightTable()
    weights.set("a b ", Tensor((0..<64).map(Float.init), shape: [64, 1]))
    weights.set("a", Tensor(dtype: .int8, shape: [4, 1]) { $0.copyBytes(from: [1, 2, 3, 4]) })
    weights.set("b  ", Tensor([1, 1, 1, 1] as [Float], shape: [4]))
    let x = builder.input("x", .float(1, 1))
    let wide = try builder.add(
      .linear(Linear(hasBias: false)), [x, builder.weight("a b ", .float(64, 1))], label: "wide")
    let stored = try builder.add(
      .dequantize,
      [builder.weight("a", TensorType(.int8, [4, 1])), builder.weight("b  ", .float(4))],
      label: "stored")
    let narrow = try builder.add(.linear(Linear(hasBias: false)), [x, stored], label: "narrow")
    builder.output("wide", wide)
    builder.output("narrow", narrow)
    let results = try program(builder.graph, weights).run(
      "net", ["x": Tensor([2] as [Float], shape: [1, 1])])
    #expect(results["narrow"]?.floats() == [2, 4, 6, 8])
    #expect(results["wide"]?.floats() == (0..<64).map { 2 * Float($0) })
  }

  /// A projection by a computed weight cannot be packed, with fusing or without.
  @Test(arguments: [true, false])
  func computedProjectionsOfAttentionAreRefused(fusesSteps: Bool) throws {
    var builder = GraphBuilder("net")
    var weights = WeightTable()
    weights.set("w", Tensor([Float](repeating: 0.5, count: 16), shape: [1, 16]))
    let queries = builder.input("queries", .float(1, 2, 64))
    let cells = builder.input("cells", .float(1, 128, 16))
    let values = builder.input("values", .float(1, 128, 64))
    let weight = try builder.add(
      .broadcast([64, 16]), [builder.weight("w", .float(1, 16))], label: "weight")
    let keys = try builder.add(.linear(Linear(hasBias: false)), [cells, weight], label: "keys")
    builder.output(
      "y",
      try builder.add(
        .attention(heads: 16, scale: 1), [queries, keys, values], label: "attention"))
    let inputs = [
      "queries": Tensor([Float](repeating: 1, count: 128), shape: [1, 2, 64]),
      "cells": Tensor([Float](repeating: 1, count: 128 * 16), shape: [1, 128, 16]),
      "values": Tensor([Float](repeating: 1, count: 128 * 64), shape: [1, 128, 64]),
    ]
    let program = try program(builder.graph, weights, fusesSteps: fusesSteps)
    let failure = #expect(throws: Failure.self) { _ = try program.run("net", inputs) }
    #expect(failure?.code == "runtime.weight")
    #expect(failure?.kind == .badInput)
  }

  /// Indices from the weight table are integers, not the bits of floats.
  @Test func weightsOfIntegersIndexATable() throws {
    var builder = GraphBuilder("net")
    var weights = WeightTable()
    weights.set("rows", Tensor([1, 0, 3] as [Int32], shape: [3]))
    let table = builder.input("table", .float(4, 2))
    let rows = builder.weight("rows", TensorType(.int32, [3]))
    builder.output("y", try builder.add(.gather, [table, rows], label: "gather"))
    let results = try program(builder.graph, weights)
      .run("net", ["table": Tensor((0..<8).map(Float.init), shape: [4, 2])])
    #expect(results["y"]?.floats() == [2, 3, 0, 1, 6, 7])
  }

  /// Long chains of views are planned without recursion.
  @Test func longChainsOfViewsArePlanned() throws {
    var builder = GraphBuilder("net")
    let x = builder.input("x", .float(4, 6))
    var value = try builder.add(.slice(axis: 1, start: 0, count: 3), [x], label: "slice")
    for index in 0..<Graph.Limit.nodes / 2 {
      let shape: [Dim] = index % 2 == 0 ? [2, 2, 3] : [4, 3]
      value = try builder.add(.reshape(shape), [value], label: "reshape")
    }
    let norm = try builder.add(
      .layerNorm(epsilon: 1e-5),
      [value, builder.weight("w", .float(3)), builder.weight("b", .float(3))],
      label: "norm")
    builder.output("y", norm)
    var weights = WeightTable()
    weights.set("w", Tensor([1, 1, 1] as [Float], shape: [3]))
    weights.set("b", Tensor([0, 0, 0] as [Float], shape: [3]))
    let results = try program(builder.graph, weights)
      .run("net", ["x": Tensor((0..<24).map(Float.init), shape: [4, 6])])
    #expect(results["y"]?.elementCount == 12)
  }
}
