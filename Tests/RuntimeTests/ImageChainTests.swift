import Bytes
import Graph
import JSON
import Reference
import Runtime
import Tensors
import TestSupport
import Testing

/// Image operators that run as one step, and operands that are shared by all of a batch.
struct ImageChainTests {
  /// Relative L2: a product sums its last rows in another order where blocks end elsewhere.
  static let tolerance = 1e-6

  /// A decoder's way from tokens to masks, for maps of `side` x `side` with these `channels`.
  struct Upscaling {
    var side = 6
    var channels = [40, 16, 8]
    var isBatched = false
    /// Also gives the intermediate values, so that no step can be left out.
    var givesAll = false

    func model(_ random: inout SeededRandom) throws -> Model {
      var builder = GraphBuilder("net")
      var weights = WeightTable()
      func weight(_ name: String, _ shape: [Int]) -> ValueID {
        weights.set(name, Tensor(random.floats(shape.reduce(1, *)), shape: Shape(shape)))
        return builder.weight(name, TensorType(.float, shape.map { Dim(constant: $0) }))
      }
      let batch = Dim(Symbol("batch"))
      func image(_ name: String, _ scale: Int, _ channels: Int, isBatched: Bool) -> ValueID {
        let size = Dim(constant: side * scale)
        return builder.input(
          name,
          TensorType(.float, [isBatched ? batch : 1, size, size, Dim(constant: channels)]))
      }
      func give(_ value: ValueID, _ name: String) {
        if givesAll { builder.output(name, value) }
      }
      var x = image("x", 1, channels[0], isBatched: true)
      for level in 1...2 {
        let (from, to) = (channels[level - 1], channels[level])
        let operands = [x, weight("w\(level)", [from, to, 2, 2]), weight("b\(level)", [to])]
        x = try builder.add(.convTranspose2d(stride: 2), operands, label: "up \(level)")
        give(x, "up \(level)")
        let fine = image("fine \(level)", 1 << level, to, isBatched: isBatched)
        x = try builder.add(.add, level == 1 ? [x, fine] : [fine, x], label: "add")
        give(x, "sum \(level)")
        if level == 1 {
          let affine = [weight("scale", [to]), weight("offset", [to])]
          x = try builder.add(.layerNorm(epsilon: 1e-6), [x] + affine, label: "norm")
          give(x, "norm")
        }
        x = try builder.add(.activation(.gelu), [x], label: "gelu")
        give(x, "gelu \(level)")
      }
      let pixels = Dim(constant: 16 * side * side)
      let last = Dim(constant: channels[2])
      x = try builder.add(.reshape([batch, pixels, last]), [x], label: "pixels")
      let filters = builder.input("filters", TensorType(.float, [batch, 4, last]))
      builder.output("y", try builder.add(.matmulTransposed, [filters, x], label: "masks"))
      return Model(metadata: .object([]), graphs: [builder.graph], weights: weights)
    }

    func inputs(_ batch: Int, _ random: inout SeededRandom) -> [String: Tensor] {
      func tensor(_ shape: [Int]) -> Tensor {
        Tensor(random.floats(shape.reduce(1, *)), shape: Shape(shape))
      }
      let shared = isBatched ? batch : 1
      return [
        "x": tensor([batch, side, side, channels[0]]),
        "fine 1": tensor([shared, 2 * side, 2 * side, channels[1]]),
        "fine 2": tensor([shared, 4 * side, 4 * side, channels[2]]),
        "filters": tensor([batch, 4, channels[2]]),
      ]
    }
  }

  @Test(arguments: KernelTable.testedLevels)
  func chainsAgreeWithSingleSteps(level: String) throws {
    // Parts of a cell that are whole panels of weights, and parts that are not.
    for channels in [[40, 16, 8], [33, 32, 16], [20, 5, 3]] {
      for (side, isBatched) in [(6, false), (70, true)] where side == 6 || channels[0] == 33 {
        var random = SeededRandom(seed: UInt64(channels[0]))
        var net = Upscaling(side: side, channels: channels, isBatched: isBatched)
        let model = try net.model(&random)
        let inputs = net.inputs(2, &random)
        net.givesAll = true
        var again = SeededRandom(seed: UInt64(channels[0]))
        let single = try net.model(&again)
        let options = RuntimeOptions(threads: 2, kernelLevel: level)
        let chained = try #require(try Program(model, options: options).run("net", inputs)["y"])
        let steps = try #require(try Program(single, options: options).run("net", inputs)["y"])
        let apart = Closeness(chained.floats(), to: steps.floats())
        #expect(apart.relativeL2 < Self.tolerance, "\(channels), side \(side): \(apart)")
        guard side == 6 else { continue }
        let expected = try ReferenceInterpreter(weights: model.weights)
          .evaluate(model.graphs[0], inputs: inputs)
        let closeness = Closeness(chained.floats(), to: try #require(expected["y"]).floats())
        #expect(closeness.relativeL2 < 1e-5, "\(closeness)")
      }
    }
  }

  /// Queries, keys and values of a batch, or one that all of the batch share.
  @Test(arguments: [(3, 40), (300, 900)])
  func attentionReadsSharedOperandsInPlace(queries: Int, keys: Int) throws {
    let batch = Dim(Symbol("batch"))
    for shared in [[false, true, true], [true, false, false], [false, true, false]] {
      var random = SeededRandom(seed: UInt64(queries))
      var builder = GraphBuilder("net")
      var inputs: [String: Tensor] = [:]
      var operands: [ValueID] = []
      for (index, rows) in [queries, keys, keys].enumerated() {
        let name = "operand \(index)"
        let items = shared[index] ? 1 : 3
        inputs[name] = Tensor(random.floats(items * rows * 16), shape: [items, rows, 16])
        let width = Dim(constant: rows)
        let value = builder.input(
          name, TensorType(.float, [shared[index] ? 1 : batch, width, 16]))
        operands.append(
          shared[index]
            ? try builder.add(.broadcast([batch, width, 16]), [value], label: name) : value)
      }
      let y = try builder.add(.attention(heads: 2, scale: 0.5), operands, label: "attention")
      builder.output("y", y)
      let model = Model(metadata: .object([]), graphs: [builder.graph], weights: WeightTable())
      let expected = try ReferenceInterpreter().evaluate(model.graphs[0], inputs: inputs)
      let actual = try Program(model).run("net", inputs)
      let closeness = Closeness(
        try #require(actual["y"]).floats(), to: try #require(expected["y"]).floats())
      #expect(closeness.relativeL2 < OperatorTests.floatTolerance, "\(shared) \(closeness)")
    }
  }
}
