internal import Bytes
internal import Graph
internal import Passes
internal import Quantizer
internal import Reference
internal import Tensors
public import TestSupport

/// Holds the passes and the quantiser to the reference on a random graph: what they write verifies,
/// and computes what was there before, as far as each of them promises.
public struct PassOracle {
  /// Of what is the same in real numbers, relative to the largest element of an output: weights that
  /// a pass makes are rounded once.
  static let tolerance = 1e-5
  /// The factor by which an output may move further than by a change of the inputs in their last
  /// bits.
  static let instability = 100.0

  private let item: RandomGraph

  public static func check(_ item: RandomGraph) throws(Disagreement) -> Verdict {
    try PassOracle(item: item).check()
  }

  private func check() throws(Disagreement) -> Verdict {
    let expected: [String: ReferenceValue]
    do throws(Failure) { expected = try evaluate(item.model) } catch {
      // A model that no call can run may still be rewritten.
      _ = try rewritten()
      return .refused(code: error.code)
    }
    let passed = try rewritten()
    // Products of weights that are not finite mean nothing.
    guard item.hasFiniteWeights else { return .agreed }
    try compare(passed, expected, "passes")
    try checkQuantizer(passed, expected)
    return .agreed
  }

  private func rewritten() throws(Disagreement) -> Model {
    do throws(Failure) { return try Pipeline.run(on: item.model).model } catch {
      throw Disagreement("passes: \(error)")
    }
  }

  private func evaluate(
    _ model: Model, inputs: [String: Tensor]? = nil
  ) throws(Failure) -> [String: ReferenceValue] {
    try ReferenceInterpreter(weights: model.weights)
      .evaluate(model.graphs[0], inputs: inputs ?? item.inputs)
  }

  // MARK: Quantiser

  private func checkQuantizer(
    _ model: Model, _ expected: [String: ReferenceValue]
  ) throws(Disagreement) {
    let quantizer = Quantizer(recipe)
    let plan: QuantizationPlan
    do throws(Failure) {
      plan = try quantizer.plan(model, profile: profile(for: model, quantizer))
    } catch {
      // Weights that are int8 already, or no numbers.
      guard error.kind == .usage || error.code == "quantize.value" else {
        throw Disagreement("quantiser: \(error)")
      }
      return
    }
    try compare(plan.source, expected, "smoothing")
    do throws(Failure) {
      let quantized = try plan.quantized().model
      for (name, value) in try evaluate(quantized) where value.shape != expected[name]?.shape {
        throw Failure(.internalError, code: "test.shape", "\(name) has shape \(value.shape)")
      }
      let restored = try Dequantization.floatingPoint(quantized)
      _ = try evaluate(restored)
    } catch {
      throw Disagreement("quantised: \(error)")
    }
  }

  /// Everything in int8, as small as it is.
  private var recipe: Recipe {
    var recipe = Recipe()
    recipe.graphs = [RandomGraph.name]
    recipe.floatUnnormalizedGraphs = []
    recipe.attentionGraphs = [RandomGraph.name]
    recipe.minimumSide = 1
    recipe.minimumStoredElements = 64
    recipe.minimumKeys = 1
    return recipe
  }

  /// Made-up statistics: smoothing must keep the meaning whatever it has seen.
  private func profile(for model: Model, _ quantizer: Quantizer) -> CalibrationProfile {
    var random = SeededRandom(quietly: 1)
    var inputs: [String: CalibrationProfile.Input] = [:]
    for name in quantizer.watchedWeights(of: model).sorted() {
      guard let channels = model.weights[name]?.shape.dimensions.dropFirst().first else { continue }
      let mean = random.floats(channels, in: -1...1)
      inputs[name] = CalibrationProfile.Input(
        rowCount: 2, lowest: mean.map { $0 - 1 }, highest: mean.map { $0 + 2 }, mean: mean,
        secondMoment: mean.map { $0 * $0 + 1 }, sample: mean + mean.map { $0 * 2 })
    }
    return CalibrationProfile(inputs: inputs)
  }

  // MARK: Comparing

  private func compare(
    _ model: Model, _ expected: [String: ReferenceValue], _ what: String
  ) throws(Disagreement) {
    let actual: [String: ReferenceValue]
    do throws(Failure) {
      try model.verify()
      actual = try evaluate(model)
    } catch {
      throw Disagreement("\(what): \(error)")
    }
    for output in item.graph.outputs {
      guard let a = actual[output.name], let b = expected[output.name], a.shape == b.shape else {
        throw Disagreement("\(what): \(output.name) is missing or has another shape")
      }
      let size = b.largestMagnitude
      guard size < NodeTolerance.largest else { continue }
      let apart = a.distance(to: b)
      guard apart > Self.tolerance * max(1e-3, size) else { continue }
      let moved = movement(of: output.name, b)
      if apart <= Self.instability * moved { continue }
      throw Disagreement(
        "\(what): \(output.name) differs by \(apart) of \(size); an unrelated change moves it by "
          + "\(moved)")
    }
  }

  private func movement(of output: String, _ value: ReferenceValue) -> Double {
    var maximum = 0.0
    for seed in 1...4 {
      var random = SeededRandom(quietly: UInt64(seed))
      func moved(_ tensor: Tensor) -> Tensor {
        guard tensor.dtype == .float32 else { return tensor }
        let changed = tensor.floats().map {
          $0 * (1 + Float.random(in: -4e-7...4e-7, using: &random))
        }
        return Tensor(changed, shape: tensor.shape)
      }
      var model = item.model
      for name in model.weights.names {
        if let tensor = model.weights[name] { model.weights.set(name, moved(tensor)) }
      }
      let results = try? evaluate(model, inputs: item.inputs.mapValues(moved))
      maximum = max(maximum, results?[output]?.distance(to: value) ?? .infinity)
    }
    return maximum
  }
}

extension RandomGraph {
  fileprivate var hasFiniteWeights: Bool {
    weights.names.allSatisfy { name in
      guard let tensor = weights[name], tensor.dtype.elementType == .float else { return true }
      return tensor.floats().allSatisfy(\.isFinite)
    }
  }
}

extension ReferenceValue {
  fileprivate func distance(to other: ReferenceValue) -> Double {
    zip(values, other.values).reduce(0) { maximum, pair in
      let apart = abs(pair.0 - pair.1)
      return apart.isNaN ? .infinity : Swift.max(maximum, apart)
    }
  }
}
