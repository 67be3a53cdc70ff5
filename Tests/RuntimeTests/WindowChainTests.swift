import Graph
import JSON
import Reference
import Runtime
import Tensors
import TestSupport
import Testing

/// Attention within windows runs as one step and gives what the steps give one by one, bit for bit.
struct WindowChainTests {
  struct Block: CustomTestStringConvertible, Sendable {
    var quantizedProducts = false
    var quantizedAttention = false
    var window = 8
    var pool = 1
    var heads = 2
    var hasShortcut = true

    var testDescription: String {
      "\(quantizedProducts ? "int8" : "float") products, "
        + "\(quantizedAttention ? "int8" : "float") attention, window \(window), pool \(pool)"
    }

    /// Side of the map: windows do not fill it, but pooled ones do.
    var height: Int { pool == 1 ? 20 : 2 * window }
    var width: Int { pool == 1 ? 23 : 3 * window }

    /// Norm, windows, projection to queries, keys and values, attention, projection, back, shortcut.
    func model(_ random: inout SeededRandom) throws -> (Model, [String: Tensor]) {
      var builder = GraphBuilder("block")
      var weights = WeightTable()
      let channels = 24 * heads
      func type(_ shape: [Int], _ element: ElementType = .float) -> TensorType {
        TensorType(element, shape.map { Dim(constant: $0) })
      }
      func weight(_ name: String, _ shape: [Int]) -> ValueID {
        weights.set(name, Tensor(random.floats(shape.reduce(1, *)), shape: Shape(shape)))
        return builder.weight(name, type(shape))
      }
      func product(_ x: ValueID, _ name: String, _ columns: Int) throws -> ValueID {
        let bias = weight("\(name).b", [columns])
        guard quantizedProducts else {
          return try builder.add(
            .linear(Linear(hasBias: true)), [x, weight("\(name).w", [columns, channels]), bias],
            label: name)
        }
        weights.set(
          "\(name).w",
          Tensor(dtype: .int8, shape: Shape([columns, channels])) { bytes in
            for i in bytes.indices {
              bytes[i] = UInt8(bitPattern: Int8.random(in: -127...127, using: &random))
            }
          })
        weights.set(
          "\(name).s", Tensor(random.floats(columns, in: 0.001...0.01), shape: Shape([columns])))
        let packed = builder.weight("\(name).w", type([columns, channels], .int8))
        let scale = builder.weight("\(name).s", type([columns]))
        return try builder.add(
          .quantizedLinear(Linear(hasBias: true)), [x, packed, scale, bias], label: name)
      }

      // Neither an input nor an output, so that the result is written over the shortcut.
      let given = builder.input("x", type([2, height, width, channels]))
      let x = try builder.add(.affine(scale: 2, offset: 0.1), [given], label: "before")
      let norm = try builder.add(
        .layerNorm(epsilon: 1e-6), [x, weight("n.w", [channels]), weight("n.b", [channels])],
        label: "norm")
      let windows = try builder.add(.windowPartition(window: window), [norm], label: "cut")
      let projected = try product(windows, "qkv", 3 * channels)
      let count = builder.graph[windows].type.shape[0].fixed ?? 0
      var parts: [ValueID] = []
      for part in 0..<3 {
        var slice = try builder.add(
          .slice(axis: 3, start: Dim(constant: part * channels), count: Dim(constant: channels)),
          [projected], label: "part \(part)")
        if part == 0, pool > 1 {
          slice = try builder.add(.maxPool(window: pool), [slice], label: "pool")
        }
        let side = part == 0 ? window / pool : window
        let rows = [count, side * side, channels].map { Dim(constant: $0) }
        parts.append(try builder.add(.reshape(rows), [slice], label: "rows"))
      }
      let attended = try builder.add(
        quantizedAttention
          ? .quantizedAttention(heads: heads, scale: 0.2) : .attention(heads: heads, scale: 0.2),
        parts, label: "attention")
      let side = window / pool
      let map = try builder.add(
        .reshape([count, side, side, channels].map { Dim(constant: $0) }), [attended],
        label: "map")
      let merged = try builder.add(
        .windowMerge(window: side, height: height / pool, width: width / pool),
        [try product(map, "proj", channels)], label: "merge")
      var result = merged
      if hasShortcut {
        let shortcut =
          pool == 1 ? x : try builder.add(.maxPool(window: pool), [x], label: "shortcut")
        result = try builder.add(.add, [shortcut, merged], label: "sum")
      }
      builder.output(
        "result", try builder.add(.affine(scale: 2, offset: 0.1), [result], label: "after"))
      let input = Tensor(
        random.floats(2 * height * width * channels), shape: [2, height, width, channels])
      return (
        Model(metadata: .object([]), graphs: [builder.graph], weights: weights), ["x": input]
      )
    }
  }

  static let blocks: [Block] = [
    Block(), Block(quantizedProducts: true),
    Block(quantizedProducts: true, quantizedAttention: true),
    Block(quantizedProducts: true, quantizedAttention: true, window: 4, pool: 2, heads: 1),
    Block(quantizedAttention: true, window: 14, heads: 3),
    Block(quantizedProducts: true, window: 4, pool: 2, hasShortcut: false),
    Block(pool: 2),
  ]

  @Test(arguments: blocks, KernelTable.testedLevels)
  func equalsStepsOneByOne(block: Block, level: String) throws {
    var random = SeededRandom(seed: 31)
    let (model, inputs) = try block.model(&random)
    var options = RuntimeOptions(threads: 2, kernelLevel: level)
    options.timesSteps = true
    let fused = try Program(model, options: options)
    options.fusesSteps = false
    let single = try Program(model, options: options)
    let a = try #require(try fused.run("block", inputs)["result"]).floats()
    let b = try #require(try single.run("block", inputs)["result"]).floats()
    let isEqual = a.map(\.bitPattern) == b.map(\.bitPattern)
    #expect(isEqual)
    let isSomething = a.contains { $0 != 0 }
    #expect(isSomething)
    let work = [fused, single].map { program in
      program.stepTimings.reduce(0) { $0 + $1.int8Work + $1.floatWork }
    }
    #expect(work[0] == work[1])
    // One step, those before and after it, and the pooled shortcut.
    let steps = block.pool > 1 && block.hasShortcut ? 4 : 3
    #expect(fused.stepTimings.count == steps, "\(fused.stepTimings.map(\.kind))")
  }

  @Test func agreesWithReference() throws {
    for pool in [1, 2] {
      var random = SeededRandom(seed: 32)
      let (model, inputs) = try Block(window: 4, pool: pool).model(&random)
      let expected = try ReferenceInterpreter(weights: model.weights)
        .evaluate(model.graphs[0], inputs: inputs)
      let actual = try Program(model).run("block", inputs)
      let closeness = Closeness(
        try #require(actual["result"]).floats(), to: try #require(expected["result"]).floats())
      #expect(closeness.relativeL2 < OperatorTests.floatTolerance, "pool \(pool): \(closeness)")
    }
  }

  /// Rows of a window that do not fit a core's cache stay in steps of their own.
  @Test func leavesLargeWindowsAlone() throws {
    var random = SeededRandom(seed: 33)
    let (model, inputs) = try Block(window: 20, heads: 4).model(&random)
    var options = RuntimeOptions(threads: 2)
    options.timesSteps = true
    let program = try Program(model, options: options)
    _ = try program.run("block", inputs)
    #expect(program.stepTimings.count == 3 + 2, "\(program.stepTimings.map(\.kind))")
  }
}
