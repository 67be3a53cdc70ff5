import Bytes
import Checkpoints
import Graph
import JSON
import ModelFile
import Passes
import Reference
import SAM2Import
import Tensors
import TestSupport
import Testing

@testable import Quantizer

/// Which attention needs no keys, what becomes of its product, and the way back.
struct AxialAttentionTests {
  /// Maximum error from rounding in attention to random tokens, with keys or without (relative L2).
  static let attentionTolerance = 0.02
  /// Attention without keys may be this many times as far from floating point as attention to
  /// rounded keys.
  static let lossFactor = 1.5
  /// A scale of 127 / 127 times itself may be off by its last bit.
  static let scaleTolerance: Float = 1e-6

  /// Attention of 12 queries to 44 tokens of 16 channels, of which 40 are two frames of 4 x 5.
  struct Setting: Sendable, CustomTestStringConvertible {
    var what = "as it is in memory attention"
    var heads = 1
    var depth = 64
    var product = Linear(hasBias: true)
    var rotated = 40
    var sineTheta: Float = 100
    var sinePart = RotaryTable.Part.sine
    var givesKeys = false
    var usesRows = false
    var rotatesQueries = false
    var tablesAreWeights = false

    var testDescription: String { what }
  }

  static func model(
    _ setting: Setting = Setting(), seed: UInt64
  ) throws -> (model: Model, inputs: [String: Tensor]) {
    var random = SeededRandom(seed: seed)
    var builder = GraphBuilder("attend_memory")
    var weights = WeightTable()
    var inputs: [String: Tensor] = [:]
    func type(_ shape: [Int]) -> TensorType {
      TensorType(.float, shape.map { Dim(constant: $0) })
    }
    func tensor(_ shape: [Int]) -> Tensor {
      Tensor(random.floats(shape.reduce(1, *)), shape: Shape(shape))
    }
    func weight(_ name: String, _ shape: [Int]) -> ValueID {
      weights.set(name, tensor(shape))
      return builder.weight(name, type(shape))
    }
    func input(_ name: String, _ shape: [Int]) -> ValueID {
      inputs[name] = tensor(shape)
      return builder.input(name, type(shape))
    }
    func table(_ part: RotaryTable.Part, _ theta: Float) throws -> ValueID {
      let table = RotaryTable(
        height: 4, width: 5, pairs: setting.depth / 2, theta: theta, part: part)
      guard !setting.tablesAreWeights else {
        return weight("\(part)", [20, setting.depth / 2])
      }
      return try builder.add(.rotaryTable(table), [], label: "attn.rotary")
    }
    let tables = [try table(.cosine, 100), try table(setting.sinePart, setting.sineTheta)]
    var query = input("query", [2, 20, setting.depth])
    if setting.rotatesQueries {
      query = try builder.add(.rotatePairs(rotated: 20), [query] + tables, label: "attn.rotary")
    }
    let tokens = input("tokens", [2, 44, 16])
    let values = input("values", [2, 44, 16])
    var operands = [tokens, weight("attn.k_proj.weight", [setting.depth, 16])]
    if setting.product.hasBias { operands.append(weight("attn.k_proj.bias", [setting.depth])) }
    if setting.product.hasResidual { operands.append(input("residual", [2, 44, setting.depth])) }
    let rows = try builder.add(.linear(setting.product), operands, label: "attn.k_proj")
    let keys = try builder.add(
      .rotatePairs(rotated: Dim(constant: setting.rotated)), [rows] + tables,
      label: "attn.rotary")
    if setting.givesKeys { builder.output("keys", keys) }
    if setting.usesRows {
      builder.output("rows", try builder.add(.add, [rows, rows], label: "sum"))
    }
    builder.output(
      "y",
      try builder.add(
        .attention(heads: setting.heads, scale: 0.2), [query, keys, values], label: "attn"))
    return (Model(metadata: .object([]), graphs: [builder.graph], weights: weights), inputs)
  }

  static var recipe: Recipe {
    var recipe = Recipe()
    recipe.minimumSide = 16
    return recipe
  }

  static var recipeWithKeys: Recipe {
    var recipe = recipe
    recipe.steps.remove(.axialAttention)
    return recipe
  }

  private func ops(_ model: Model) -> [String] { model.graphs[0].nodes.map(\.op.name) }

  private func result(_ model: Model, _ inputs: [String: Tensor]) throws -> [Float] {
    let graph = try #require(model.graph("attend_memory"))
    let interpreter = ReferenceInterpreter(weights: model.weights)
    let output = try #require(graph.outputs.last).name
    return try #require(try interpreter.evaluate(graph, inputs: inputs)[output]).floats()
  }

  // MARK: - Where it is introduced

  @Test(arguments: [true, false])
  func takesTheTokensForTheKeys(hasBias: Bool) throws {
    let (model, inputs) = try Self.model(.init(product: Linear(hasBias: hasBias)), seed: 1)
    let quantized = try Quantizer(Self.recipe).quantize(model).model
    #expect(ops(quantized) == ["axial_attention"])
    let node = quantized.graphs[0].nodes[0]
    let expected = AxialAttention(
      scale: 0.2, height: 4, width: 5, theta: 100, rotated: 40, hasBias: hasBias)
    #expect(node.op == .axialAttention(expected) && node.label == "attn")
    let names =
      ["attn.k_proj.weight", "attn.k_proj.weight.scale"] + (hasBias ? ["attn.k_proj.bias"] : [])
    #expect(quantized.graphs[0].weightNames == names)
    #expect(Set(quantized.weights.names) == Set(names))

    let withKeys = try Quantizer(Self.recipeWithKeys).quantize(model).model
    let plainOps = [
      "rotary_table", "rotary_table", "quantized_linear", "rotate_pairs", "quantized_attention",
    ]
    #expect(ops(withKeys) == plainOps)
    for name in names {
      #expect(quantized.weights[name]?.floats() == withKeys.weights[name]?.floats())
    }
    let exact = try result(model, inputs)
    let plain = Closeness(try result(withKeys, inputs), to: exact)
    let axial = Closeness(try result(quantized, inputs), to: exact)
    #expect(axial.relativeL2 > 0 && axial.relativeL2 < Self.attentionTolerance, "\(axial)")
    #expect(axial.relativeL2 < Self.lossFactor * plain.relativeL2, "\(axial), \(plain)")
  }

  @Test func tablesStayWhileSomethingRotatesByThem() throws {
    let (model, _) = try Self.model(.init(rotatesQueries: true), seed: 2)
    let quantized = try Quantizer(Self.recipe).quantize(model).model
    #expect(
      ops(quantized) == ["rotary_table", "rotary_table", "rotate_pairs", "axial_attention"])
  }

  @Test(arguments: [
    Setting(what: "two heads", heads: 2),
    Setting(what: "no less work", depth: 32),
    Setting(what: "an activation", product: Linear(hasBias: true, activation: .relu)),
    Setting(what: "a residual", product: Linear(hasBias: true, hasResidual: true)),
    Setting(what: "part of a frame", rotated: 30),
    Setting(what: "sines of other angles", sineTheta: 101),
    Setting(what: "cosines for sines", sinePart: .cosine),
    Setting(what: "keys are an output", givesKeys: true),
    Setting(what: "the product is read elsewhere", usesRows: true),
    Setting(what: "tables of any angles", tablesAreWeights: true),
  ])
  func otherAttentionKeepsItsKeys(setting: Setting) throws {
    let (model, _) = try Self.model(setting, seed: 3)
    let quantized = try Quantizer(Self.recipe).quantize(model).model
    #expect(quantized.graphs == (try Quantizer(Self.recipeWithKeys).quantize(model).model.graphs))
    let heads = setting.heads
    #expect(quantized.graphs[0].nodes.last?.op == .quantizedAttention(heads: heads, scale: 0.2))
    #expect(ops(quantized).contains("quantized_linear"))
  }

  @Test func theRecipeAndFallbackDecide() throws {
    let (model, _) = try Self.model(seed: 4)
    func last(_ change: (inout Recipe) -> Void) throws -> String? {
      var recipe = Self.recipe
      change(&recipe)
      return ops(try Quantizer(recipe).quantize(model).model).last
    }
    #expect(try last { _ in } == "axial_attention")
    #expect(try last { $0 = $0.withoutSearch } == "axial_attention")
    #expect(try last { $0 = $0.until(.quantizeAttention) } == "axial_attention")
    #expect(try last { $0 = $0.until(.quantizeProducts) } == "attention")
    #expect(try last { $0.steps.remove(.axialAttention) } == "quantized_attention")
    #expect(try last { $0.steps.remove(.int8Attention) } == "attention")
    #expect(try last { $0.keepFloat = ["attn"] } == "attention")
    #expect(try last { $0.keepFloat = ["*.k_proj.weight"] } == "quantized_attention")
    let plan = try Quantizer(Self.recipe).plan(model)
    let returned = try plan.quantized(fallback: ["attn.k_proj.weight": "returned"]).model
    #expect(Set(ops(returned)) == ["rotary_table", "linear", "rotate_pairs", "attention"])
  }

  // MARK: - Bias and log

  /// The correction of a product that no longer has a node.
  @Test(arguments: [true, false])
  func biasesAreCorrected(hasBias: Bool) throws {
    let (model, _) = try Self.model(.init(product: Linear(hasBias: hasBias)), seed: 5)
    var plan = try Quantizer(Self.recipe).plan(model)
    plan.resetCorrections(of: ["attn.k_proj.weight"])
    let watched = try plan.quantized(keepsAllProducts: true).model
    #expect(ops(watched).contains("quantized_linear"))
    plan.correctBias(
      of: "attn.k_proj.weight", floatMean: [Float](repeating: 1, count: 16),
      roundedMean: [Float](repeating: 0.9, count: 16))
    let correction = try #require(plan.corrections["attn.k_proj.weight"])
    let corrected = try plan.quantized().model
    let node = try #require(corrected.graphs[0].nodes.last)
    let bias = hasBias ? "attn.k_proj.bias" : "attn.k_proj.weight.correction"
    #expect(node.op.name == "axial_attention" && node.operands.count == 6)
    #expect(corrected.graphs[0][node.operands[5]].definition == .weight(bias))
    let before = model.weights[bias]?.floats() ?? [Float](repeating: 0, count: 64)
    #expect(corrected.weights[bias]?.floats() == zip(before, correction).map { $0 + $1 })
    #expect(correction.contains { abs($0) > 0.01 })
  }

  @Test func theLogPutsEachChangeInItsStage() throws {
    let (model, _) = try Self.model(seed: 6)
    let log = QuantizationStage.log(
      from: model, to: try Quantizer(Self.recipe).quantize(model).model)
    #expect(log.map(\.pass) == ["quantize-products", "quantize-attention"])
    #expect(log[0].change.removed == [.init(kind: "linear", count: 1)])
    #expect(log[0].change.added == [.init(kind: "quantized_linear", count: 1)])
    #expect(log[0].change.layers == ["attn.k_proj"])
    let removed = ["quantized_linear", "rotate_pairs", "attention"]
    #expect(log[1].change.removed == removed.map { .init(kind: $0, count: 1) })
    #expect(log[1].change.added == [.init(kind: "axial_attention", count: 1)])
    #expect(log[1].change.layers == ["attn.k_proj", "attn.rotary", "attn"])
  }

  // MARK: - Files, and the way back

  @Test func survivesTheFile() throws {
    let (model, _) = try Self.model(seed: 7)
    let quantized = try Quantizer(Self.recipe).quantize(model).model
    try withTemporaryFolder { folder in
      let path = folder + "/axial.sam2"
      _ = try ModelFile.write(quantized, to: path, replaceExisting: false)
      let read = try ModelFile.open(path)
      #expect(read.graphs == quantized.graphs)
      #expect(read.weights.names == quantized.weights.names)
    }
  }

  @Test(arguments: [true, false])
  func dequantisationMakesTheKeysAgain(rotatesQueries: Bool) throws {
    let (model, inputs) = try Self.model(.init(rotatesQueries: rotatesQueries), seed: 8)
    let once = try Quantizer(Self.recipe).quantize(model).model
    let floating = try Dequantization.floatingPoint(once)
    #expect(Dequantization.int8Weight(of: floating) == nil)
    #expect(floating.weights.names.sorted() == model.weights.names.sorted())
    func nodes(_ model: Model) -> Set<String> {
      Set(model.graphs[0].nodes.map { "\($0.op) \($0.label)" })
    }
    #expect(nodes(floating) == nodes(model))
    #expect(floating.graphs[0].nodes.count == model.graphs[0].nodes.count)
    let cost = Closeness(try result(floating, inputs), to: try result(model, inputs))
    #expect(cost.relativeL2 > 0 && cost.relativeL2 < Self.attentionTolerance, "\(cost)")

    let twice = try Quantizer(Self.recipe).quantize(floating).model
    #expect(twice.graphs == once.graphs)
    let name = "attn.k_proj.weight"
    #expect(twice.weights[name]?.floats() == once.weights[name]?.floats())
    let scales = try (
      #require(twice.weights["\(name).scale"]), #require(once.weights["\(name).scale"])
    )
    for (a, b) in zip(scales.0.floats(), scales.1.floats()) {
      #expect(abs(a - b) <= Self.scaleTolerance * b)
    }
  }

  // MARK: - The trained model

  @Test func nanoAttendsAlike() throws {
    let checkpoint = try Checkpoint.open(fixturePath("nano/nano.pt", target: "."))
    var model = try Pipeline.run(on: ModelImporter.importModel(checkpoint.tensors).model).model
    model.graphs.removeAll { $0.name != "attend_memory" }
    func count(_ model: Model) -> Int { ops(model).count { $0 == "axial_attention" } }

    var recipe = Recipe()
    let axial = try Quantizer(recipe).quantize(model).model
    recipe.steps.remove(.axialAttention)
    let plain = try Quantizer(recipe).quantize(model).model
    #expect(count(axial) == 2 && count(plain) == 0)
    #expect(axial.graphs[0].nodes.count == plain.graphs[0].nodes.count - 4)

    var random = SeededRandom(seed: 9)
    func tensor(_ shape: [Int]) -> Tensor {
      Tensor(random.floats(shape.reduce(1, *)), shape: Shape(shape))
    }
    let inputs = [
      "features": tensor([1, 16, 16, 192]), "memory": tensor([1, 512, 64]),
      "memory_position": tensor([1, 512, 64]), "pointers": tensor([1, 3, 192]),
      "pointer_positions": tensor([3, 64]),
    ]
    let exact = try result(model, inputs)
    let costs = try [plain, axial].map { Closeness(try result($0, inputs), to: exact) }
    #expect(costs[1].relativeL2 < Self.lossFactor * costs[0].relativeL2, "\(costs)")
    #expect(costs[1].relativeL2 > 0 && costs[1].relativeL2 < Self.attentionTolerance, "\(costs)")
    #expect(costs[1].relativeL2 != costs[0].relativeL2)
  }
}
