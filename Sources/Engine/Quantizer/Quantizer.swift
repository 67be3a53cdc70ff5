public import Bytes
public import Graph
internal import Tensors

/// Rewrites linear layers to int8: weights per output channel, activations per row at run time.
///
/// Attention becomes int8 where the recipe asks for it. Weights of other operators are stored
/// compactly: large ones in int8, other matrices and kernels in float16, vectors in float32. With a
/// calibration profile, ranges, smoothing and the correction of biases use its statistics; without
/// one, smoothing is estimated from the weights.
public struct Quantizer: Sendable {
  public let recipe: Recipe

  public init(_ recipe: Recipe = Recipe()) { self.recipe = recipe }

  /// The quantised model and the decision for each weight, in the order of the table.
  /// - Throws: as `plan`.
  public func quantize(
    _ model: Model, profile: CalibrationProfile? = nil
  ) throws(Failure) -> (model: Model, decisions: [Decision]) {
    try plan(model, profile: profile).quantized()
  }

  /// All decisions that come before the file is written; bias correction may follow.
  /// - Throws: `quantize.already` if the model is already quantised, `quantize.value` if any weight
  ///   is not finite, `quantize.pattern` if a pattern matches nothing.
  public func plan(
    _ model: Model, profile: CalibrationProfile? = nil
  ) throws(Failure) -> QuantizationPlan {
    try checkInput(model)
    let choice = choose(model)
    for name in model.weights.names {
      if let tensor = model.weights[name] { try checkFinite(tensor, name) }
    }
    return try QuantizationPlan(
      model, recipe: recipe, quantized: choice.quantized, kept: choice.kept, profile: profile)
  }

  /// Names of the weights whose inputs decide the rounding: those of int8 products, those that
  /// produce the queries and keys of int8 attention, and those stored in int8.
  public func watchedWeights(of model: Model) -> Set<String> {
    var names = choose(model).quantized
    for group in ScoreGroup.all(in: model, recipe: recipe) {
      names.formUnion([group.queries.weight, group.keys.weight])
    }
    guard recipe.steps.contains(.int8Storage) else { return names }
    let storable = recipe.storableWeights(of: model)
    for graph in model.graphs {
      for node in graph.nodes {
        guard case .linear = node.op, let name = graph.weightName(node.operands[1]),
          storable.contains(name)
        else { continue }
        names.insert(name)
      }
    }
    return names
  }

  static func scaleName(_ weight: String) -> String { weight + ".scale" }

  // MARK: Choosing

  /// Names of the weights to quantise, and the reasons why other linear layers stay in floating
  /// point.
  private func choose(_ model: Model) -> (quantized: Set<String>, kept: [String: String]) {
    var quantized: Set<String> = []
    var kept: [String: String] = [:]
    // Weights whose values are needed elsewhere: biases, kernels, embeddings, outputs.
    var otherwiseUsed = model.outputWeights
    for graph in model.graphs {
      let normalized = NormalizedValues(graph)
      for node in graph.nodes {
        for (position, operand) in node.operands.enumerated() {
          guard case .weight(let name) = graph[operand].definition else { continue }
          guard case .linear = node.op, position == 1, let shape = model.weights[name]?.shape else {
            otherwiseUsed.insert(name)
            continue
          }
          let reason = recipe.reasonToKeep(
            weight: name, graph: graph.name, outputs: shape[0], depth: shape[1],
            readsNormalizedValues: normalized.contains(node.operands[0]))
          if let reason { kept[name] = reason } else { quantized.insert(name) }
        }
      }
    }
    return (quantized.subtracting(kept.keys).subtracting(otherwiseUsed), kept)
  }

  // MARK: Checks

  private func checkInput(_ model: Model) throws(Failure) {
    for name in model.weights.names where model.weights[name]?.dtype == .int8 {
      throw Failure(
        .usage, code: "quantize.already", "the model is quantised already",
        place: "tensor \(name)",
        hint: "quantise the file that sam2-convert wrote, or round a second time with "
          + "--allow-requantize")
    }
    for pattern in recipe.keepFloat
    where !model.weights.names.contains(where: { matches($0, pattern: pattern) })
      && !AttentionRewriting.labels(of: model).contains(where: { matches($0, pattern: pattern) })
    {
      let similar = similarName(to: pattern, among: model.weights.names)
      throw Failure(
        .usage, code: "quantize.pattern", "no weight matches \(pattern)",
        hint: (similar.map { "did you mean \($0)? " } ?? "")
          + "sam2-convert inspect FILE --tensors lists the names")
    }
  }

  private func checkFinite(_ tensor: Tensor, _ name: String) throws(Failure) {
    if let index = tensor.floats().firstIndex(where: { !$0.isFinite }) {
      throw Failure(
        .badInput, code: "quantize.value", "a weight is not a finite number",
        place: "tensor \(name), element \(index)")
    }
  }
}
