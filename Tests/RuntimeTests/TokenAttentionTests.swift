import Bytes
import Graph
import JSON
import Reference
import Runtime
import Tensors
import TestSupport
import Testing

/// Attention between a few tokens and the cells of an image, which runs as one step.
struct TokenAttentionTests {
  /// Relative L2: sums of a few hundred products in another order.
  static let tolerance = 3e-6

  /// One way to and fro between tokens and an image, as in the decoder.
  struct Layer {
    var cells = 700
    var channels = 64
    var width = 32
    var heads = 8
    /// The cells' side is projected in the graph, or comes projected and is one for all of the batch.
    var isProjected = true
    var hasResidualInProduct = false
    var hasNorm = true

    func model(_ random: inout SeededRandom) throws -> Model {
      var builder = GraphBuilder("net")
      var weights = WeightTable()
      func weight(_ name: String, _ shape: [Int]) -> ValueID {
        weights.set(
          name, Tensor(random.floats(shape.reduce(1, *), in: -0.2...0.2), shape: Shape(shape)))
        return builder.weight(name, TensorType(.float, shape.map { Dim(constant: $0) }))
      }
      func linear(_ x: ValueID, _ name: String, _ columns: Int, _ depth: Int) throws -> ValueID {
        try builder.add(
          .linear(Linear(hasBias: true)),
          [x, weight("\(name).w", [columns, depth]), weight("\(name).b", [columns])], label: name)
      }
      let (batch, count) = (Dim(Symbol("batch")), Dim(Symbol("tokens")))
      func input(_ name: String, _ rows: Dim, _ columns: Int, shared: Bool = false) -> ValueID {
        builder.input(
          name, TensorType(.float, [shared ? 1 : batch, rows, Dim(constant: columns)]))
      }
      func repeated(_ x: ValueID, _ columns: Int) throws -> ValueID {
        try builder.add(
          .broadcast([batch, Dim(constant: cells), Dim(constant: columns)]), [x], label: "repeat")
      }
      let places = Dim(constant: cells)
      let queries = input("queries", count, width)
      let (keys, values) = (input("keys", count, width), input("values", count, width))
      let image: ValueID
      let (toKeys, toValues, toQueries): (ValueID, ValueID, ValueID)
      if isProjected {
        image = input("image", places, channels)
        let position = input("position", places, channels, shared: true)
        let coded = try builder.add(.add, [image, position], label: "coded")
        toKeys = try linear(coded, "k", width, channels)
        toValues = try linear(image, "v", width, channels)
        toQueries = try linear(coded, "q", width, channels)
      } else {
        image = try repeated(input("image", places, channels, shared: true), channels)
        toKeys = try repeated(input("image keys", places, width, shared: true), width)
        toValues = try repeated(input("image values", places, width, shared: true), width)
        toQueries = try repeated(input("image queries", places, width, shared: true), width)
      }
      let op = Op.attention(heads: heads, scale: 0.4)
      builder.output("read", try builder.add(op, [queries, toKeys, toValues], label: "read"))
      var y = try builder.add(op, [toQueries, keys, values], label: "write")
      if hasResidualInProduct {
        y = try builder.add(
          .linear(Linear(hasBias: true, hasResidual: true)),
          [y, weight("out.w", [channels, width]), weight("out.b", [channels]), image],
          label: "out")
      } else {
        y = try linear(y, "out", channels, width)
        y = try builder.add(.add, [image, y], label: "sum")
      }
      if hasNorm {
        y = try builder.add(
          .layerNorm(epsilon: 1e-5), [y, weight("n.w", [channels]), weight("n.b", [channels])],
          label: "norm")
      }
      builder.output("written", y)
      return Model(metadata: .object([]), graphs: [builder.graph], weights: weights)
    }

    func inputs(_ batch: Int, _ tokens: Int, _ random: inout SeededRandom) -> [String: Tensor] {
      func tensor(_ shape: [Int]) -> Tensor {
        Tensor(random.floats(shape.reduce(1, *), in: -3...3), shape: Shape(shape))
      }
      var inputs: [String: Tensor] = [:]
      for name in ["queries", "keys", "values"] { inputs[name] = tensor([batch, tokens, width]) }
      inputs["image"] = tensor([isProjected ? batch : 1, cells, channels])
      if isProjected {
        inputs["position"] = tensor([1, cells, channels])
      } else {
        for name in ["image keys", "image values", "image queries"] {
          inputs[name] = tensor([1, cells, width])
        }
      }
      return inputs
    }
  }

  static let layers: [Layer] = [
    Layer(), Layer(isProjected: false), Layer(heads: 1, hasResidualInProduct: true, hasNorm: false),
    Layer(cells: 128, channels: 48, width: 16, heads: 4), Layer(width: 64, heads: 16),
  ]

  @Test(arguments: KernelTable.testedLevels)
  func agreesWithReference(level: String) throws {
    for (number, layer) in Self.layers.enumerated() {
      var random = SeededRandom(seed: UInt64(number))
      let model = try layer.model(&random)
      for (batch, tokens) in [(1, 3), (3, 2), (2, 4), (1, 9)] {
        let inputs = layer.inputs(batch, tokens, &random)
        let program = try Program(model, options: RuntimeOptions(threads: 2, kernelLevel: level))
        let actual = try program.run("net", inputs)
        let expected = try ReferenceInterpreter(weights: model.weights)
          .evaluate(model.graphs[0], inputs: inputs)
        for name in ["read", "written"] {
          let (a, b) = (try #require(actual[name]), try #require(expected[name]))
          let apart = Closeness(a.floats(), to: b.floats())
          let place = "layer \(number), \(tokens) tokens, \(name)"
          #expect(apart.relativeL2 < Self.tolerance, "\(place): \(apart)")
        }
      }
    }
  }

  /// Two steps where the tokens are few, whatever the graph looks like around them.
  @Test func runsAsTwoSteps() throws {
    for layer in Self.layers {
      var random = SeededRandom(seed: 5)
      let model = try layer.model(&random)
      var options = RuntimeOptions(threads: 1)
      options.timesSteps = true
      for (tokens, isFew) in [(layer.width / layer.heads / 2, true), (layer.cells / 4, false)] {
        let program = try Program(model, options: options)
        _ = try program.run("net", layer.inputs(2, max(1, tokens), &random))
        let kinds = program.stepTimings.map(\.kind)
        #expect((kinds.count == 2) == isFew, "\(kinds)")
      }
    }
  }

  /// With the algebra left out, what runs as one step gives the bits of separate steps.
  @Test func isTheOnlyFusionThatChangesNumbers() throws {
    for layer in Self.layers {
      var random = SeededRandom(seed: 9)
      let model = try layer.model(&random)
      let inputs = layer.inputs(2, 2, &random)
      var fused = RuntimeOptions(threads: 1)
      fused.movesProjections = false
      var single = fused
      single.fusesSteps = false
      let found = try Program(model, options: fused).run("net", inputs)
      let expected = try Program(model, options: single).run("net", inputs)
      for (name, value) in expected {
        #expect(found[name]?.floats().map(\.bitPattern) == value.floats().map(\.bitPattern))
      }
    }
  }

  /// Neither threads nor the rest of a batch change a bit.
  @Test func isIndependentOfBatch() throws {
    for layer in Self.layers {
      var random = SeededRandom(seed: 7)
      let model = try layer.model(&random)
      let inputs = layer.inputs(3, 3, &random)
      let one = try Program(model, options: RuntimeOptions(threads: 1)).run("net", inputs)
      let three = try Program(model, options: RuntimeOptions(threads: 3)).run("net", inputs)
      let last = inputs.mapValues { $0.shape[0] == 3 ? $0[2].reshaped($0[2].shape.inserted) : $0 }
      let alone = try Program(model, options: RuntimeOptions(threads: 2)).run("net", last)
      for name in ["read", "written"] {
        let (a, b) = (try #require(one[name]), try #require(three[name]))
        #expect(a.floats().map(\.bitPattern) == b.floats().map(\.bitPattern))
        let single = try #require(alone[name]).floats().map(\.bitPattern)
        #expect(a[2].floats().map(\.bitPattern) == single)
      }
    }
  }
}

extension Shape {
  /// The same with a first axis of one.
  fileprivate var inserted: Shape { Shape([1] + dimensions) }
}
