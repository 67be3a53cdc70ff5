import Bytes
import Graph
import JSON
import Reference
import Runtime
import Tensors
import TestSupport
import Testing

@testable import Quantizer

struct QuantizerTests {
  /// Relative L2 that eight bits for weights and activations may cost one product of random
  /// numbers: steps of 1/127 and 2/255 of the range give about 0.8 %.
  static let productTolerance = 0.02
  /// Float32 sums against the same integers in double precision.
  static let kernelTolerance = 3e-6

  /// One large product, one small one and one in a graph that stays in float.
  private func model(seed: UInt64) throws -> (model: Model, inputs: [String: Tensor]) {
    var random = SeededRandom(seed: seed)
    var weights = WeightTable()
    func graph(_ name: String, _ weight: String, _ outputs: Int) throws -> Graph {
      var builder = GraphBuilder(name)
      let x = builder.input("x", .float(5, 64))
      let w = builder.weight(weight, .float(Dim(constant: outputs), 64))
      weights.set(weight, Tensor(random.floats(outputs * 64), shape: [outputs, 64]))
      builder.output("y", try builder.add(.linear(Linear(hasBias: false)), [x, w], label: weight))
      return builder.graph
    }
    let graphs = [
      try graph("encode_image", "large", 48), try graph("attend_memory", "small", 8),
      try graph("decode_masks", "decoder", 64),
    ]
    let inputs = ["x": Tensor(random.floats(320), shape: [5, 64])]
    return (Model(metadata: .object([]), graphs: graphs, weights: weights), inputs)
  }

  @Test func quantisesByRecipeAndStaysClose() throws {
    let (original, inputs) = try model(seed: 1)
    let (quantized, decisions) = try Quantizer(.small).quantize(original)
    #expect(quantized.weights["large"]?.dtype == .int8)
    #expect(quantized.weights["large.scale"]?.shape == [48])
    #expect(quantized.weights["small"]?.dtype == .float16)
    #expect(quantized.weights["decoder"]?.dtype == .float16)
    #expect(decisions.map(\.weight) == ["large", "small", "decoder"])
    #expect(decisions.map { $0.reason == nil } == [true, false, false])
    #expect((decisions[0].sqnr ?? 0) > 40)

    let exact = try #require(try Program(original).run("encode_image", inputs)["y"])
    let coarse = try #require(try Program(quantized).run("encode_image", inputs)["y"])
    let cost = Closeness(coarse.floats(), to: exact.floats())
    #expect(cost.relativeL2 < Self.productTolerance && cost.relativeL2 > 0, "\(cost)")
    let integers = try #require(
      try ReferenceInterpreter(weights: quantized.weights)
        .evaluate(quantized.graphs[0], inputs: inputs)["y"])
    let kernel = Closeness(coarse.floats(), to: integers.floats())
    #expect(kernel.relativeL2 < Self.kernelTolerance, "\(kernel)")
  }

  /// A product of a normalised map, moved about, and one of the sum that the norm reads.
  private func unevenModel(_ name: String) throws -> Model {
    var weights = WeightTable()
    var builder = GraphBuilder(name)
    func weight(_ name: String, _ shape: [Int]) -> ValueID {
      weights.set(
        name, Tensor([Float](repeating: 0.5, count: shape.reduce(1, *)), shape: Shape(shape)))
      return builder.weight(name, TensorType(.float, shape.map { Dim(constant: $0) }))
    }
    func linear(_ x: ValueID, _ name: String) throws -> ValueID {
      try builder.add(
        .linear(Linear(hasBias: false)), [x, weight(name, [32, 32])], label: name)
    }
    let x = builder.input("x", .float(1, 4, 4, 32))
    let sum = try builder.add(.add, [x, x], label: "sum")
    let norm = try builder.add(
      .layerNorm(epsilon: 1e-6), [sum, weight("norm", [32]), weight("norm.bias", [32])],
      label: "norm")
    let windows = try builder.add(.windowPartition(window: 2), [norm], label: "windows")
    builder.output("normed", try linear(windows, "normed"))
    builder.output("summed", try linear(sum, "summed"))
    builder.output("given", try linear(x, "given"))
    return Model(metadata: .object([]), graphs: [builder.graph], weights: weights)
  }

  @Test func unevenChannelsStayInFloatInTheEncoder() throws {
    func schemes(_ graph: String) throws -> [String: Decision.Scheme] {
      let decisions = try Quantizer(.small).quantize(try unevenModel(graph)).decisions
      return Dictionary(uniqueKeysWithValues: decisions.map { ($0.weight, $0.scheme) })
    }
    let encoder = try schemes("encode_image")
    #expect(encoder["normed"] == .int8 && encoder["given"] == .int8)
    #expect(encoder["summed"] == .float)
    #expect(try schemes("attend_memory")["summed"] == .int8)
  }

  @Test func everyRowHasItsOwnScale() throws {
    // Rows of very different size lose the same share of their own values.
    let values: [Float] = [1, -0.5, 0.25, 1000, -500, 250, 0, 0, 0]
    let matrix = QuantizedMatrix(Tensor(values, shape: [3, 3]))
    let scales = matrix.scale.floats()
    #expect(scales == [1 / 127, 1000 / 127, 1])
    #expect(matrix.values.floats() == [127, -64, 32, 127, -64, 32, 0, 0, 0])
  }

  /// Attention over 64 tokens, as a graph called `name`.
  private func attentionModel(_ name: String, tokens: Int = 64) throws -> Model {
    var builder = GraphBuilder(name)
    let x = builder.input("x", .float(1, Dim(constant: tokens), 32))
    let y = try builder.add(.attention(heads: 2, scale: 0.25), [x, x, x], label: "blocks.0.attn")
    builder.output("y", y)
    return Model(metadata: .object([]), graphs: [builder.graph], weights: WeightTable())
  }

  private func quantizesAttention(_ model: Model, _ recipe: Recipe = .small) throws -> Bool {
    let (quantized, _) = try Quantizer(recipe).quantize(model)
    return quantized.graphs[0].nodes[0].op == .quantizedAttention(heads: 2, scale: 0.25)
  }

  @Test func attentionFollowsTheRecipe() throws {
    let model = try attentionModel("attend_memory")
    #expect(try quantizesAttention(model))
    #expect(try !quantizesAttention(try attentionModel("decode_masks")))
    #expect(try !quantizesAttention(try attentionModel("attend_memory", tokens: 31)))
    var recipe = Recipe.small
    recipe.keepFloat = ["*.0.attn"]
    #expect(try !quantizesAttention(model, recipe))
    recipe = Recipe.small
    recipe.steps.remove(.int8Attention)
    #expect(try !quantizesAttention(model, recipe))
    #expect(try quantizesAttention(model, Recipe.small.withoutSearch))
    recipe = Recipe.small
    recipe.attentionGraphs = ["encode_image"]
    #expect(try !quantizesAttention(model, recipe))
  }

  @Test func smallProductsStayInFloat() throws {
    func schemes(_ recipe: Recipe) throws -> [String: Decision] {
      let decisions = try Quantizer(recipe).quantize(try model(seed: 4).model).decisions
      return Dictionary(uniqueKeysWithValues: decisions.map { ($0.weight, $0) })
    }
    #expect(try schemes(.small)["large"]?.scheme == .int8)
    let kept = try #require(try schemes(Recipe())["large"])
    #expect(kept.scheme == .float && kept.reason == "smaller than 64")
  }

  @Test func userPatternsKeepWeights() throws {
    var recipe = Recipe.small
    recipe.keepFloat = ["lar*"]
    let (quantized, decisions) = try Quantizer(recipe).quantize(try model(seed: 2).model)
    #expect(quantized.weights["large"]?.dtype == .float16)
    #expect(decisions[0].reason == "kept by lar*")
    recipe.keepFloat = ["nothing-like-it"]
    #expect(throws: Failure(.usage, code: "quantize.pattern", "")) {
      try Quantizer(recipe).quantize(try model(seed: 2).model)
    }
  }

  @Test func refusesWhatItCannotQuantise() throws {
    let (quantized, _) = try Quantizer(.small).quantize(try model(seed: 3).model)
    #expect(throws: Failure(.usage, code: "quantize.already", "")) {
      try Quantizer(.small).quantize(quantized)
    }
    var broken = try model(seed: 3).model
    var values = try #require(broken.weights["large"]).floats()
    values[70] = .nan
    broken.weights.set("large", Tensor(values, shape: [48, 64]))
    #expect(throws: Failure(.badInput, code: "quantize.value", "")) {
      try Quantizer(.small).quantize(broken)
    }
  }

  @Test(arguments: [
    ("a.b.weight", "a.*", true), ("a.b.weight", "*.weight", true), ("a.b", "a.?", true),
    ("a.b", "a", false), ("ab", "a*b*", true), ("axbxc", "a*c", true), ("axbx", "a*c", false),
    ("", "*", true), ("", "?", false),
  ])
  func patternsMatchAsShellsDo(text: String, pattern: String, expected: Bool) {
    #expect(matches(text, pattern: pattern) == expected)
  }

  /// An output that is a weight as it is keeps its numbers and its type.
  @Test func weightsThatAreOutputsStayAsTheyAre() throws {
    var random = SeededRandom(seed: 17)
    var builder = GraphBuilder("encode_image")
    var weights = WeightTable()
    weights.set("w", Tensor(random.floats(48 * 32), shape: [48, 32]))
    let (x, weight) = (builder.input("x", .float(2, 32)), builder.weight("w", .float(48, 32)))
    builder.output(
      "y", try builder.add(.linear(Linear(hasBias: false)), [x, weight], label: "w"))
    builder.output("w", weight)
    let model = Model(metadata: .object([]), graphs: [builder.graph], weights: weights)
    var recipe = Recipe.small
    recipe.minimumStoredElements = 1
    let (quantized, _) = try Quantizer(recipe).quantize(model)
    #expect(quantized.weights["w"]?.dtype != .int8)
  }
}
