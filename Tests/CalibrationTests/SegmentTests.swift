import Bytes
import Graph
import JSON
import Quantizer
import Runtime
import Tensors
import TestSupport
import Testing

@testable import Calibration

/// Running graphs in pieces, watching them, and correcting biases after quantised layers.
struct SegmentTests {
  /// Two layers with a normalisation and a shortcut between them, and a constant.
  static func model(seed: UInt64) throws -> (model: Model, inputs: [String: Tensor]) {
    var random = SeededRandom(seed: seed)
    var weights = WeightTable()
    var builder = GraphBuilder("encode_image")
    func weight(_ name: String, _ shape: [Int]) -> ValueID {
      weights.set(name, Tensor(random.floats(shape.reduce(1, *)), shape: Shape(shape)))
      return builder.weight(name, TensorType(.float, shape.map { Dim(constant: $0) }))
    }
    let x = builder.input("image", TensorType(.float, [Dim(Symbol("rows")), 48]))
    let doubled = try builder.add(
      .affine(scale: 2, offset: 0), [weight("code", [48])], label: "code")
    let placed = try builder.add(.add, [x, doubled], label: "code")
    let first = try builder.add(
      .linear(Linear(hasBias: true, activation: .gelu)),
      [placed, weight("a", [64, 48]), weight("a.bias", [64])], label: "a")
    let second = try builder.add(
      .linear(Linear(hasBias: true)), [first, weight("b", [48, 64]), weight("b.bias", [48])],
      label: "b")
    let sum = try builder.add(.add, [second, placed], label: "sum")
    builder.output("y", sum)
    let inputs = ["image": Tensor(random.floats(30 * 48, in: 0...1), shape: [30, 48])]
    return (Model(metadata: .object([]), graphs: [builder.graph], weights: weights), inputs)
  }

  @Test func piecesComputeTheWhole() throws {
    let (model, inputs) = try Self.model(seed: 1)
    let whole = try model.graphs[0].bound(to: [Symbol("rows"): 30])
    let expected = try #require(try Program(model).run("encode_image", inputs)["y"])
    var values: [ValueID: Tensor] = [:]
    for (name, value) in whole.inputs { values[value] = inputs[name] }
    for cut in [0..<2, 2..<3, 3..<whole.nodes.count] {
      guard let segment = try GraphSegment(cut, of: whole) else { continue }
      let piece = Model(metadata: .object([]), graphs: [segment.graph], weights: model.weights)
      try piece.verify()
      var given: [String: Tensor] = [:]
      for value in segment.inputs { given[GraphSegment.name(value)] = values[value] }
      let results = try Program(piece).run("segment", given)
      for value in segment.outputs { values[value] = results[GraphSegment.name(value)] }
    }
    let result = try #require(values[whole.outputs[0].value])
    #expect(result.floats() == expected.floats())
  }

  /// Constants of any depth come along with the nodes that read them.
  @Test func constantsMayBeDeep() throws {
    var builder = GraphBuilder("deep")
    let x = builder.input("x", .float(2, 3))
    var code = try builder.add(.fill(1, [2, 3]), [], label: "fill")
    for index in 0..<19_000 {
      code = try builder.add(.reshape(index % 2 == 0 ? [3, 2] : [2, 3]), [code], label: "reshape")
    }
    builder.output("y", try builder.add(.add, [x, code], label: "sum"))
    let whole = builder.graph
    let last = whole.nodes.count - 1
    let segment = try #require(try GraphSegment(last..<(last + 1), of: whole))
    #expect(segment.graph.nodes.count == whole.nodes.count)
    #expect(segment.inputs == [x])
    try segment.graph.verify()
  }

  @Test func theTapSeesWhatProductsRead() throws {
    let (model, inputs) = try Self.model(seed: 2)
    let recorder = PipelineRecorder(model, weights: ["a", "b"], callLimit: 2)
    let program = try Program(model, tap: recorder.tap)
    recorder.set(isWatching: true, keepsCalls: true)
    let tapped = try #require(try program.run("encode_image", inputs)["y"])
    let plain = try #require(try Program(model).run("encode_image", inputs)["y"])
    #expect(tapped.floats() == plain.floats())
    let input = try #require(recorder.profile.inputs["a"])
    #expect(input.rowCount == 30 && input.channelCount == 48)
    let code = try #require(model.weights["code"]).floats()
    let rows = try #require(inputs["image"]).floats()
    var mean = 2 * code[5]
    for row in 0..<30 { mean += rows[row * 48 + 5] / 30 }
    #expect(abs(input.mean[5] - mean) < 1e-5)
    #expect(recorder.profile.inputs["b"]?.channelCount == 64)
    #expect(recorder.calls["encode_image"]?.count == 1)
    #expect(recorder.calls["encode_image"]?[0]["image"]?.floats() == rows)
  }

  @Test func samplesStayBoundedAndEven() {
    var statistics = ChannelStatistics(channels: 2)
    let values = (0..<20_000).map(Float.init)
    let tensor = Tensor(values, shape: [10_000, 2])
    for _ in 0..<40 {
      tensor.withTappedValue { statistics.add($0) }
    }
    let input = statistics.input
    #expect(input.sampleRowCount <= ChannelStatistics.sampleLimit)
    #expect(input.sampleRowCount >= ChannelStatistics.sampleLimit / 4)
    let firstHalf = stride(from: 0, to: input.sample.count, by: 2)
      .count { input.sample[$0] < 10_000 }
    #expect(abs(2 * firstHalf - input.sampleRowCount) <= input.sampleRowCount / 8)
  }

  @Test func correctionRemovesTheMeanErrorOfTheResult() throws {
    let (model, inputs) = try Self.model(seed: 3)
    var recipe = Recipe()
    recipe.floatUnnormalizedGraphs = []
    recipe.minimumSide = 32
    var plan = try Quantizer(recipe).plan(model)
    let before = try plan.quantized().model
    try BiasCorrector(options: .init()).correct(
      &plan, graph: "encode_image", calls: [inputs])
    let after = try plan.quantized().model
    func meanError(_ quantized: Model) throws -> Float {
      let exact = try #require(try Program(model).run("encode_image", inputs)["y"]).floats()
      let coarse = try #require(try Program(quantized).run("encode_image", inputs)["y"]).floats()
      var sums = [Float](repeating: 0, count: 48)
      for i in exact.indices { sums[i % 48] += coarse[i] - exact[i] }
      return sums.reduce(0) { $0 + abs($1) }
    }
    // The last product reads the first one's error, so the only mean error left is float rounding.
    #expect(try meanError(after) < 0.05 * meanError(before))
    #expect(plan.corrections.keys.sorted() == ["a", "b"])
  }
}

extension Tensor {
  /// A tapped value with these elements.
  fileprivate func withTappedValue(_ body: (TappedValue) -> Void) {
    let values = floats()
    values.withUnsafeBufferPointer { elements in
      if let base = elements.baseAddress {
        body(TappedValue(shape: shape.dimensions, base: base, rowStride: shape[-1]))
      }
    }
  }
}
