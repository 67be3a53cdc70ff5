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

  /// LayerNorm, projections after a window partition, attention, ReLU: all kinds of groups.
  ///
  /// Channel 3 of what the norm gives is `outlier` times the others, and all are moved by up to
  /// `bias`. Windows of 4 need padding in a map of 5 x 7, and none in one of 4 x 8.
  private func model(
    seed: UInt64, outlier: Float, bias: Float = 1, isPadded: Bool = true
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
    let (height, width) = isPadded ? (5, 7) : (4, 8)
    let x = builder.input("x", .float(1, Dim(constant: height), Dim(constant: width), 32))
    var scales = random.floats(32, in: 0.5...1)
    scales[3] *= outlier
    let norm = try builder.add(
      .layerNorm(epsilon: 1e-6),
      [
        x, weight("norm", [32], scales),
        weight("norm.bias", [32], random.floats(32, in: -bias...bias)),
      ], label: "norm")
    let windows = try builder.add(.windowPartition(window: 4), [norm], label: "windows")
    let qkv = try linear(windows, "qkv", 96, 32)
    var parts: [ValueID] = []
    for part in 0..<3 {
      let slice = try builder.add(
        .slice(axis: 3, start: Dim(constant: 32 * part), count: 32), [qkv], label: "slice")
      let windowCount = Dim(constant: isPadded ? 4 : 2)
      parts.append(
        try builder.add(.reshape([windowCount, 16, 32]), [slice], label: "tokens"))
    }
    let attended = try builder.add(.attention(heads: 2, scale: 0.25), parts, label: "attention")
    let hidden = try linear(attended, "hidden", 64, 32, .relu)
    builder.output("y", try linear(hidden, "last", 32, 64))
    let inputs = [
      "x": Tensor(random.floats(height * width * 32), shape: [1, height, width, 32])
    ]
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
    var (lowest, highest, mean, square) = (
      [Float](repeating: .infinity, count: channels),
      [Float](repeating: -.infinity, count: channels), [Float](repeating: 0, count: channels),
      [Float](repeating: 0, count: channels)
    )
    for (i, x) in rows.enumerated() {
      lowest[i % channels] = min(lowest[i % channels], x)
      highest[i % channels] = max(highest[i % channels], x)
      mean[i % channels] += x / Float(count)
      square[i % channels] += x * x / Float(count)
    }
    return .init(
      rowCount: count, lowest: lowest, highest: highest, mean: mean, secondMoment: square,
      sample: rows)
  }

  @Test func findsEveryKindOfGroup() throws {
    let (model, _) = try model(seed: 1, outlier: 1)
    let groups = SmoothingGroup.all(in: model, quantized: ["qkv", "hidden", "last"])
    #expect(groups.map { $0.consumers.map(\.weight) } == [["qkv"], ["hidden"], ["last"]])
    #expect(groups.map { $0.matrices.map(\.start) } == [[], [64], [0]])
    // A group needs a reader that rounds; one whose weight is only stored in int8 is enough.
    #expect(
      SmoothingGroup.all(in: model, quantized: ["hidden"]).flatMap(\.consumers).map(\.weight)
        == ["hidden"])
    let stored = SmoothingGroup.all(in: model, quantized: [], stored: ["last"])
    #expect(stored.flatMap(\.consumers).map(\.rounding) == [.weight])
    #expect(stored.map(\.canShift) == [false])
  }

  private func run(_ model: Model, _ inputs: [String: Tensor]) throws -> [Float] {
    let interpreter = ReferenceInterpreter(weights: model.weights)
    return try #require(try interpreter.evaluate(model.graphs[0], inputs: inputs)["y"]).floats()
  }

  @Test(arguments: [false, true])
  func foldsExactly(isPadded: Bool) throws {
    let (model, inputs) = try model(seed: 2, outlier: 20, bias: 4, isPadded: isPadded)
    let plan = try Quantizer(.small).plan(model, profile: try profile(model, inputs))
    #expect(plan.smoothings.values.contains { $0.alpha != nil })
    #expect(plan.smoothings.values.contains { $0.offsets != nil })
    let difference = Closeness(try run(plan.source, inputs), to: try run(model, inputs))
    #expect(difference.relativeL2 < Self.foldTolerance, "\(difference)")
    #expect(plan.source.weights["norm"]?.floats() != model.weights["norm"]?.floats())
  }

  /// Padding is zeros, which would have to move with the tokens; values of attention are not padded.
  @Test func shiftsOnlyWhereNothingIsPadded() throws {
    for isPadded in [false, true] {
      let (model, inputs) = try model(seed: 4, outlier: 1, bias: 20, isPadded: isPadded)
      let plan = try Quantizer(.small).plan(model, profile: try profile(model, inputs))
      #expect((plan.smoothings["qkv"]?.offsets == nil) == isPadded)
      #expect(plan.smoothings["hidden"]?.offsets != nil)
      #expect(plan.smoothings["last"]?.offsets == nil)
    }
  }

  private func error(
    _ quantized: Model, against model: Model, _ inputs: [String: Tensor]
  ) throws -> Double {
    Closeness(try run(quantized, inputs), to: try run(model, inputs)).relativeL2
  }

  /// Error with the whole recipe, as a share of that without `steps`.
  private func gain(
    of steps: Set<Recipe.Step>, outlier: Float, bias: Float
  ) throws -> Double {
    let (model, inputs) = try model(seed: 3, outlier: outlier, bias: bias, isPadded: false)
    let profile = try profile(model, inputs)
    var fewer = Recipe.small
    fewer.steps.subtract(steps)
    let without = try Quantizer(fewer).quantize(model, profile: profile).model
    let with = try Quantizer(.small).quantize(model, profile: profile).model
    return try error(with, against: model, inputs) / error(without, against: model, inputs)
  }

  @Test func tamesAnOutlierChannel() throws {
    let gain = try gain(of: [.smoothing], outlier: 30, bias: 1)
    #expect(gain < 0.75)
  }

  @Test func movesChannelsThatAreFarFromZero() throws {
    let gain = try gain(of: [.shifting], outlier: 1, bias: 20)
    #expect(gain < 0.6)
  }

  // MARK: Without calibration

  @Test func tamesAnOutlierChannelByItsNorm() throws {
    let (model, inputs) = try model(seed: 5, outlier: 100, isPadded: false)
    var blind = Recipe.small
    blind.steps.remove(.estimation)
    let without = try error(Quantizer(blind).quantize(model).model, against: model, inputs)
    let with = try error(Quantizer(.small).quantize(model).model, against: model, inputs)
    #expect(with < 0.75 * without)
  }

  /// Channel 5 of the first head: queries a hundredfold, keys a hundredth.
  private func withLopsidedScores(_ model: Model) throws -> Model {
    var result = model
    for name in ["qkv", "qkv.bias"] {
      let tensor = try #require(model.weights[name])
      var values = tensor.floats()
      let depth = values.count / 96
      for i in 0..<depth {
        values[5 * depth + i] *= 100
        values[(32 + 5) * depth + i] /= 100
      }
      result.weights.set(name, Tensor(values, shape: tensor.shape))
    }
    return result
  }

  @Test func balancesQueriesAndKeys() throws {
    let (plain, inputs) = try model(seed: 6, outlier: 1, isPadded: false)
    let model = try withLopsidedScores(plain)
    var recipe = Recipe.small
    recipe.minimumKeys = 8
    let plan = try Quantizer(recipe).plan(model)
    #expect(plan.balanced == ["attention"])
    let difference = Closeness(try run(plan.source, inputs), to: try run(model, inputs))
    #expect(difference.relativeL2 < Self.foldTolerance, "\(difference)")
    var blind = recipe
    blind.steps.remove(.balancing)
    let without = try error(Quantizer(blind).quantize(model).model, against: model, inputs)
    let with = try error(Quantizer(recipe).quantize(model).model, against: model, inputs)
    #expect(with < 0.75 * without)
  }
}
