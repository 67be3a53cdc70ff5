public import Bytes
public import Graph
internal import Passes
public import Tensors

/// Rewrites linear layers to int8: weights per output channel, activations per row at run time.
///
/// What is not quantised is stored compactly: matrices and kernels in float16, vectors in float32.
/// Calibration (smoothing, bias correction) and int8 attention have their place between the recipe
/// and the rewrite; without them the result is called `dynamic`.
public struct Quantizer: Sendable {
  public let recipe: Recipe

  public init(_ recipe: Recipe = Recipe()) { self.recipe = recipe }

  /// What happened to one weight.
  public struct Decision: Sendable {
    public let weight: String
    public let shape: Shape
    /// Storage before and after.
    public let from: DType
    public let to: DType
    /// Signal to noise of the quantised weight in decibels; nil when it stays in floating point.
    public let sqnr: Double?
    /// Why it was not quantised, for linear layers.
    public let reason: String?
  }

  /// The quantised model and what was decided for each weight, in the order of the table.
  /// - Throws: `quantize.already` when the model is quantised, `quantize.value` for a weight that
  ///   is not finite, `quantize.pattern` for a pattern that matches nothing.
  public func quantize(_ model: Model) throws(Failure) -> (model: Model, decisions: [Decision]) {
    try checkInput(model)
    let plan = choose(model)
    var weights = WeightTable()
    var decisions: [Decision] = []
    let used = Set(model.graphs.flatMap(\.weightNames))
    for name in model.weights.names where used.contains(name) {
      guard let tensor = model.weights[name] else { continue }
      var sqnr: Double?
      if plan.quantized.contains(name) {
        try checkFinite(tensor, name)
        let matrix = QuantizedMatrix(tensor)
        weights.set(name, matrix.values)
        weights.set(Self.scaleName(name), matrix.scale)
        sqnr = matrix.sqnr
      } else {
        weights.set(name, compact(tensor))
      }
      decisions.append(
        Decision(
          weight: name, shape: tensor.shape, from: tensor.dtype,
          to: weights[name]?.dtype ?? tensor.dtype, sqnr: sqnr, reason: plan.kept[name]))
    }
    var graphs: [Graph] = []
    for graph in model.graphs { graphs.append(try rewrite(graph, quantized: plan.quantized)) }
    let result = Model(metadata: model.metadata, graphs: graphs, weights: weights)
    try result.verify()
    return (result, decisions)
  }

  static func scaleName(_ weight: String) -> String { weight + ".scale" }

  // MARK: Choosing

  /// Names of the weights to quantise, and reasons for linear layers that stay.
  private func choose(_ model: Model) -> (quantized: Set<String>, kept: [String: String]) {
    var quantized: Set<String> = []
    var kept: [String: String] = [:]
    // Weights whose numbers something else needs: biases, kernels, embeddings.
    var otherwiseUsed: Set<String> = []
    for graph in model.graphs {
      for node in graph.nodes {
        for (position, operand) in node.operands.enumerated() {
          guard case .weight(let name) = graph[operand].definition else { continue }
          guard case .linear = node.op, position == 1, let shape = model.weights[name]?.shape else {
            otherwiseUsed.insert(name)
            continue
          }
          let reason = recipe.reasonToKeep(
            weight: name, graph: graph.name, outputs: shape[0], depth: shape[1])
          if let reason { kept[name] = reason } else { quantized.insert(name) }
        }
      }
    }
    return (quantized.subtracting(kept.keys).subtracting(otherwiseUsed), kept)
  }

  // MARK: Rewriting

  private func rewrite(_ graph: Graph, quantized: Set<String>) throws(Failure) -> Graph {
    var rewriter = Rewriter(graph)
    for node in graph.nodes {
      guard case .linear(let parameters) = node.op,
        case .weight(let name) = graph[node.operands[1]].definition, quantized.contains(name)
      else {
        try rewriter.copy(node)
        continue
      }
      let shape = Array(graph[node.operands[1]].type.shape.prefix(2))
      var operands = [
        try rewriter.map(node.operands[0]),
        rewriter.weight(name, TensorType(.int8, shape)),
        rewriter.weight(Self.scaleName(name), TensorType(.float, [shape[0]])),
      ]
      for operand in node.operands.dropFirst(2) { operands.append(try rewriter.map(operand)) }
      rewriter.replace(
        node.result,
        with: try rewriter.add(.quantizedLinear(parameters), operands, label: node.label))
    }
    return try rewriter.finish()
  }

  /// float16 for matrices and kernels whose values it can hold, float32 for the rest.
  private func compact(_ tensor: Tensor) -> Tensor {
    guard tensor.dtype == .float32, tensor.shape.dimensions.filter({ $0 > 1 }).count > 1 else {
      return tensor
    }
    let largest = tensor.floats().reduce(0) { max($0, abs($1)) }
    let fits = largest < Float(Float16.greatestFiniteMagnitude)
    return fits ? tensor.converted(to: .float16) : tensor
  }

  // MARK: Checks

  private func checkInput(_ model: Model) throws(Failure) {
    for name in model.weights.names where model.weights[name]?.dtype == .int8 {
      throw Failure(
        .usage, code: "quantize.already", "the model is quantised already",
        place: "tensor \(name)", hint: "quantise the file that sam2-convert wrote")
    }
    for pattern in recipe.keepFloat
    where !model.weights.names.contains(where: { matches($0, pattern: pattern) }) {
      throw Failure(
        .usage, code: "quantize.pattern", "no weight matches \(pattern)",
        hint: "sam2-convert inspect FILE --tensors lists the names")
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
