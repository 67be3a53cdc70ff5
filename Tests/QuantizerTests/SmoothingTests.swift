import Bytes
import Graph
import JSON
import Reference
import Tensors
import TestSupport
import Testing

@testable import Quantizer

/// Smoothing: the same numbers in real arithmetic, and fewer lost to rounding.
struct SmoothingTests {
  /// Folding multiplies and divides each float once: a few units in the last place of its sums.
  static let foldTolerance = 1e-6

  /// LayerNorm, projections behind a window partition, attention, ReLU: all kinds of groups.
  ///
  /// Channel 3 of what the norm gives is `outlier` times the others.
  private func model(
    seed: UInt64, outlier: Float
  ) throws -> (model: Model, inputs: [String: Tensor]) {
    var random = SeededRandom(seed: seed)
    var weights = WeightTable()
    var builder = GraphBuilder("encode_image")
    func weight(_ name: String, _ shape: [Int], _ values: [Float]? = nil) -> ValueID {
      let count = shape.reduce(1, *)
      weights.set(name, Tensor(values ?? random.floats(count), shape: Shape(shape)))
      return builder.weight(name, TensorType(.float, shape.map { Dim(constant: $0) }))
    }
    func linear(_ x: ValueID, _ name: String, _ n: Int, _ k: Int, _ kind: Activation = .none)
      throws -> ValueID
    {
      let operands = [x, weight(name, [n, k]), weight(name + ".bias", [n])]
      return try builder.add(
        .linear(Linear(hasBias: true, activation: kind)), operands, label: name)
    }
    let x = builder.input("x", .float(1, 5, 7, 32))
    var scales = random.floats(32, in: 0.5...1)
    scales[3] *= outlier
    let norm = try builder.add(
      .layerNorm(epsilon: 1e-6),
      [x, weight("norm", [32], scales), weight("norm.bias", [32])], label: "norm")
    let windows = try builder.add(.windowPartition(window: 4), [norm], label: "windows")
    let qkv = try linear(windows, "qkv", 96, 32)
    var parts: [ValueID] = []
    for part in 0..<3 {
      let slice = try builder.add(
        .slice(axis: 3, start: Dim(constant: 32 * part), count: 32), [qkv], label: "slice")
      parts.append(try builder.add(.reshape([4, 16, 32]), [slice], label: "tokens"))
    }
    let attended = try builder.add(.attention(heads: 2, scale: 0.25), parts, label: "attention")
    let hidden = try linear(attended, "hidden", 64, 32, .relu)
    builder.output("y", try linear(hidden, "last", 32, 64))
    let inputs = ["x": Tensor(random.floats(5 * 7 * 32), shape: [1, 5, 7, 32])]
    return (Model(metadata: .object([]), graphs: [builder.graph], weights: weights), inputs)
  }

  /// A profile as calibration would make it: the rows that the reference computes.
  private func profile(
    _ model: Model, _ inputs: [String: Tensor]
  ) throws -> CalibrationProfile {
    var tapped = model.graphs[0]
    var names: [String] = []
    for node in tapped.nodes {
      guard case .linear = node.op, case .weight(let name) = tapped[node.operands[1]].definition
      else { continue }
      tapped.outputs.append(.init(name: name, value: node.operands[0]))
      names.append(name)
    }
    let values = try ReferenceInterpreter(weights: model.weights).evaluate(tapped, inputs: inputs)
    var profile = CalibrationProfile()
    for name in names {
      let tensor = try #require(values[name])
      profile.inputs[name] = Self.statistics(tensor.floats(), tensor.shape.last ?? 1)
    }
    return profile
  }

  static func statistics(_ rows: [Float], _ channels: Int) -> CalibrationProfile.Input {
    let count = rows.count / channels
    var (largest, mean, square) = (
      [Float](repeating: 0, count: channels), [Float](repeating: 0, count: channels),
      [Float](repeating: 0, count: channels)
    )
    for (i, x) in rows.enumerated() {
      largest[i % channels] = max(largest[i % channels], abs(x))
      mean[i % channels] += x / Float(count)
      square[i % channels] += x * x / Float(count)
    }
    return .init(
      rowCount: count, absoluteMaximum: largest, mean: mean, secondMoment: square, sample: rows)
  }

  @Test func findsEveryKindOfGroup() throws {
    let (model, _) = try model(seed: 1, outlier: 1)
    let groups = SmoothingGroup.all(in: model, quantized: ["qkv", "hidden", "last"])
    #expect(groups.map(\.consumers) == [["qkv"], ["hidden"], ["last"]])
    #expect(groups.map { $0.matrices.map(\.start) } == [[], [64], [0]])
    // Where one reader stays in float its input must keep its size.
    #expect(
      SmoothingGroup.all(in: model, quantized: ["hidden"]).map(\.consumers) == [["hidden"]])
  }

  @Test func foldsExactly() throws {
    let (model, inputs) = try model(seed: 2, outlier: 20)
    let plan = try Quantizer().plan(model, profile: try profile(model, inputs))
    #expect(!plan.alphas.isEmpty)
    let folded = plan.source
    func run(_ model: Model) throws -> [Float] {
      let interpreter = ReferenceInterpreter(weights: model.weights)
      return try #require(try interpreter.evaluate(model.graphs[0], inputs: inputs)["y"]).floats()
    }
    let difference = Closeness(try run(folded), to: try run(model))
    #expect(difference.relativeL2 < Self.foldTolerance, "\(difference)")
    #expect(folded.weights["norm"]?.floats() != model.weights["norm"]?.floats())
  }

  @Test func tamesAnOutlierChannel() throws {
    let (model, inputs) = try model(seed: 3, outlier: 30)
    let profile = try profile(model, inputs)
    var plain = Recipe()
    plain.steps.remove(.smoothing)
    let (without, with) = (
      try Quantizer(plain).quantize(model, profile: profile).model,
      try Quantizer().quantize(model, profile: profile).model
    )
    func error(_ quantized: Model) throws -> Double {
      let exact = try ReferenceInterpreter(weights: model.weights)
        .evaluate(model.graphs[0], inputs: inputs)
      let coarse = try ReferenceInterpreter(weights: quantized.weights)
        .evaluate(quantized.graphs[0], inputs: inputs)
      return Closeness(
        try #require(coarse["y"]).floats(), to: try #require(exact["y"]).floats()
      ).relativeL2
    }
    let (before, after) = (try error(without), try error(with))
    #expect(after < 0.7 * before, "\(before) before, \(after) after")
  }
}
