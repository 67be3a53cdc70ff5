import Bytes
import Graph
import JSON
import Passes
import Quantizer
import Runtime
import Tensors
import TestSupport
import Testing

/// The pipeline's stages, and the way back from int8.
struct StageTests {
  /// Steps of 1/127 in one matrix cost about 0.3 %.
  static let storageTolerance = 0.01
  /// A scale of 127 / 127 times itself may be off by its last bit.
  static let scaleTolerance: Float = 1e-6

  /// Attention after a product in the encoder, and a decoder's product that is large enough to be
  /// stored in int8.
  private func model(seed: UInt64) throws -> (model: Model, inputs: [String: Tensor]) {
    var random = SeededRandom(seed: seed)
    var weights = WeightTable()
    func graph(_ name: String, _ weight: String, outputs: Int) throws -> Graph {
      var builder = GraphBuilder(name)
      let x = builder.input("x", .float(1, 40, 64))
      let w = builder.weight(weight, .float(Dim(constant: outputs), 64))
      weights.set(weight, Tensor(random.floats(outputs * 64), shape: [outputs, 64]))
      let y = try builder.add(.linear(Linear(hasBias: false)), [x, w], label: weight)
      let a = try builder.add(.attention(heads: 2, scale: 0.1), [y, y, y], label: "\(name).attn")
      builder.output("y", a)
      return builder.graph
    }
    let graphs = [
      try graph("encode_image", "large", outputs: 64),
      try graph("decode_masks", "decoder", outputs: 640),
    ]
    let inputs = ["x": Tensor(random.floats(40 * 64), shape: [1, 40, 64])]
    return (Model(metadata: .object([]), graphs: graphs, weights: weights), inputs)
  }

  private func ops(_ model: Model) -> [String] { model.graphs[0].nodes.map(\.op.name) }

  @Test func eachStageAddsItsOwnRounding() throws {
    let (original, inputs) = try model(seed: 1)
    func after(_ stage: QuantizationStage) throws -> Model {
      try Quantizer(Recipe.small.until(stage)).quantize(original).model
    }
    let stored = try after(.storeCompactly)
    #expect(ops(stored) == ["linear", "attention"])
    #expect(stored.weights["large"]?.dtype == .float16)
    #expect(stored.weights["decoder"]?.dtype == .int8)
    let exact = try #require(try Program(original).run("decode_masks", inputs)["y"])
    let coarse = try #require(try Program(stored).run("decode_masks", inputs)["y"])
    let cost = Closeness(coarse.floats(), to: exact.floats())
    #expect(cost.relativeL2 > 0 && cost.relativeL2 < Self.storageTolerance, "\(cost)")

    let products = try after(.quantizeProducts)
    #expect(ops(products) == ["quantized_linear", "attention"])
    let all = try after(.quantizeAttention)
    #expect(ops(all) == ["quantized_linear", "quantized_attention"])
    let plain = try Quantizer(.small).quantize(original).model
    #expect(all.graphs == plain.graphs)
  }

  @Test func theLogListsWhatEachStageDid() throws {
    let (original, _) = try model(seed: 2)
    let log = QuantizationStage.log(
      from: original, to: try Quantizer(.small).quantize(original).model)
    #expect(log.map(\.pass) == ["store-compactly", "quantize-products", "quantize-attention"])
    #expect(log.map(\.graph) == ["decode_masks", "encode_image", "encode_image"])
    #expect(log[0].nodesAfter == log[0].nodesBefore + 1)
    #expect(log[1].change.removed == [.init(kind: "linear", count: 1)])
    #expect(log[1].change.added == [.init(kind: "quantized_linear", count: 1)])
    #expect(log[2].change.layers == ["encode_image.attn"])
  }

  @Test func stagesAreFoundByName() throws {
    for stage in PipelineStage.all {
      #expect(try PipelineStage(named: stage.name).name == stage.name)
      #expect(!stage.summary.isEmpty)
    }
    #expect(
      PipelineStage.all.map(\.promise.rawValue).suffix(4)
        == ["budgeted", "budgeted", "budgeted", "algebraic"])
    #expect(PipelineStage.lastExact.passes.map(\.name) == Pipeline.standard.map(\.name))
    #expect(try PipelineStage(named: "fold-batch-norms").passes.count == 1)
    do {
      _ = try PipelineStage(named: "eliminate-dead-cod")
      Issue.record("an unknown name was taken")
    } catch {
      #expect(error.code == "quantize.pass" && error.kind == .usage)
      #expect(error.hint?.contains("did you mean eliminate-dead-code") == true)
    }
  }

  @Test func dequantisedModelsComputeTheRoundedWeights() throws {
    let (original, inputs) = try model(seed: 3)
    let quantized = try Quantizer(.small).quantize(original).model
    #expect(Dequantization.int8Weight(of: quantized) == "large")
    let floating = try Dequantization.floatingPoint(quantized)
    #expect(Dequantization.int8Weight(of: floating) == nil)
    #expect(
      floating.graphs.map { $0.nodes.map(\.op) } == original.graphs.map { $0.nodes.map(\.op) })
    #expect(!floating.weights.names.contains { $0.hasSuffix(".scale") })
    let exact = try #require(try Program(original).run("encode_image", inputs)["y"])
    let coarse = try #require(try Program(floating).run("encode_image", inputs)["y"])
    let cost = Closeness(coarse.floats(), to: exact.floats())
    #expect(cost.relativeL2 > 0 && cost.relativeL2 < Self.storageTolerance, "\(cost)")
  }

  /// Numbers that were rounded to a grid stay on that grid.
  @Test func roundingTwiceKeepsTheIntegers() throws {
    let (original, _) = try model(seed: 4)
    let once = try Quantizer(.small).quantize(original).model
    let twice = try Quantizer(.small).quantize(try Dequantization.floatingPoint(once)).model
    #expect(twice.graphs == once.graphs)
    for name in ["large", "decoder"] {
      #expect(twice.weights[name]?.floats() == once.weights[name]?.floats())
      let scales = try (
        #require(twice.weights["\(name).scale"]), #require(once.weights["\(name).scale"])
      )
      for (a, b) in zip(scales.0.floats(), scales.1.floats()) {
        #expect(abs(a - b) <= Self.scaleTolerance * b)
      }
    }
  }

  @Test func aScaleThatIsMissingIsRefused() throws {
    var broken = try Quantizer(.small).quantize(try model(seed: 5).model).model
    broken.weights.remove("decoder.scale")
    #expect(throws: Failure(.badInput, code: "quantize.scale", "")) {
      try Dequantization.floatingPoint(broken)
    }
  }

  /// Also where no product would run in int8.
  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func everyWeightMustBeFinite(value: Float) throws {
    var (broken, _) = try model(seed: 6)
    var values = try #require(broken.weights["decoder"]).floats()
    values[1234] = value
    broken.weights.set("decoder", Tensor(values, shape: [640, 64]))
    do {
      _ = try Quantizer(.small).quantize(broken)
      Issue.record("\(value) was quantised")
    } catch {
      #expect(error.code == "quantize.value" && error.kind == .badInput)
      #expect(error.place == "tensor decoder, element 1234")
    }
  }

  @Test func channelsOfZerosGetAScaleAndAreCounted() throws {
    var (zeros, _) = try model(seed: 7)
    var values = try #require(zeros.weights["large"]).floats()
    for k in 0..<64 { values[5 * 64 + k] = 0 }
    zeros.weights.set("large", Tensor(values, shape: [64, 64]))
    let (quantized, decisions) = try Quantizer(.small).quantize(zeros)
    #expect(quantized.weights["large.scale"]?.floats()[5] == 1)
    #expect(quantized.weights["large"]?.floats()[5 * 64..<6 * 64].allSatisfy { $0 == 0 } == true)
    #expect(decisions.first { $0.weight == "large" }?.zeroChannels == 1)
    #expect(decisions.filter { $0.weight != "large" }.allSatisfy { $0.zeroChannels == 0 })
  }
}
