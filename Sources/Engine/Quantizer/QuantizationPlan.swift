internal import Bytes
public import Graph
internal import Tensors

/// Everything decided for a model: smoothed weights, integers, bias corrections.
///
/// It yields models with any of the layers left in floating point, so that each layer's effect can
/// be measured without repeating any decision.
public struct QuantizationPlan: Sendable {
  /// A product that can run in int8.
  public struct Layer: Sendable {
    /// Name of its weight.
    public let weight: String
    /// The graph it belongs to.
    public let graph: String
    public let matrix: QuantizedMatrix
    /// Signal-to-noise ratio of its rounded input rows in decibels; nil without calibration.
    public let inputSQNR: Double?
  }

  /// The floating-point model after smoothing; it computes the same as the original.
  public let source: Model
  /// In the order of the graphs.
  public let layers: [Layer]
  public let recipe: Recipe
  /// Why linear layers stay in floating point, by weight.
  let kept: [String: String]
  /// Smoothing of the products' inputs, by weight.
  let smoothings: [String: Smoothing]
  /// Number of weights of products whose inputs were smoothed or shifted.
  public var smoothedWeightCount: Int { smoothings.count }
  /// Attention layers, by label, whose queries and keys were balanced.
  public let balanced: [String]
  /// Integers of weights that are stored, but not multiplied, in int8.
  let stored: [String: QuantizedMatrix]
  /// Values to add to a layer's output, by weight.
  public private(set) var corrections: [String: [Float]] = [:]

  init(
    _ model: Model, recipe: Recipe, quantized: Set<String>, kept: [String: String],
    profile: CalibrationProfile?
  ) throws(Failure) {
    self.recipe = recipe
    self.kept = kept
    var equalisation = Equalisation(model, profile: profile ?? CalibrationProfile())
    let storable = recipe.steps.contains(.int8Storage) ? recipe.storableWeights(of: model) : []
    let storedNames = storable.subtracting(quantized)
    equalisation.run(recipe, quantized: quantized, stored: storedNames)
    source = equalisation.model
    smoothings = equalisation.smoothings
    balanced = equalisation.balanced
    layers = Self.layers(source, quantized, recipe, equalisation.profile)
    stored = Self.storedMatrices(source, storedNames, recipe, equalisation.profile)
  }

  private static func layers(
    _ model: Model, _ quantized: Set<String>, _ recipe: Recipe, _ profile: CalibrationProfile
  ) -> [Layer] {
    var layers: [Layer] = []
    var seen: Set<String> = []
    for graph in model.graphs {
      for node in graph.nodes {
        guard case .linear = node.op,
          case .weight(let name) = graph[node.operands[1]].definition, quantized.contains(name),
          seen.insert(name).inserted, let tensor = model.weights[name]
        else { continue }
        let input = profile.inputs[name].flatMap { $0.source == .weights ? nil : $0 }
        let given = input.flatMap { $0.source == .inputs ? $0 : nil }
        let matrix = QuantizedMatrix(
          tensor, importance: input?.secondMoment, searchesClip: recipe.steps.contains(.clip),
          compensation: recipe.steps.contains(.compensation)
            ? given.map(RoundingCompensation.init) : nil)
        layers.append(
          Layer(
            weight: name, graph: graph.name, matrix: matrix,
            inputSQNR: given.flatMap(RowQuantizer.sqnr)))
      }
    }
    return layers
  }

  /// Integers for the weights in `names`, whose products stay in float, omitting those whose
  /// products would lose too much.
  private static func storedMatrices(
    _ model: Model, _ names: Set<String>, _ recipe: Recipe, _ profile: CalibrationProfile
  ) -> [String: QuantizedMatrix] {
    var matrices: [String: QuantizedMatrix] = [:]
    for name in model.weights.names where names.contains(name) {
      guard let tensor = model.weights[name], tensor.floats().allSatisfy({ $0.isFinite }) else {
        continue
      }
      let depth = tensor.elementCount / max(1, tensor.shape[0])
      let input = profile.inputs[name].flatMap {
        $0.source == .weights || $0.channelCount != depth ? nil : $0
      }
      let matrix = QuantizedMatrix(
        tensor, importance: input?.secondMoment, searchesClip: recipe.steps.contains(.clip))
      if input != nil, matrix.sqnr < recipe.minimumStoredSQNR { continue }
      matrices[name] = matrix
    }
    return matrices
  }

  // MARK: Bias correction

  /// Gives each layer with one of these weights a zero correction, and thus a bias.
  public mutating func resetCorrections(of weights: Set<String>) {
    for layer in layers where weights.contains(layer.weight) {
      corrections[layer.weight] = [Float](repeating: 0, count: layer.matrix.values.shape[0])
    }
  }

  /// Corrects the bias of the layer with `weight` by the mean error of its outputs, W E[x] - Q
  /// E[q(x)], where x are its inputs in floating point and q(x) its rounded inputs downstream of
  /// quantised and corrected layers (Nagel et al., "Data-Free Quantization", arXiv 1906.04721,
  /// section 4.2).
  public mutating func correctBias(
    of weight: String, floatMean: [Float], roundedMean: [Float]
  ) {
    guard let layer = layers.first(where: { $0.weight == weight }),
      let exact = source.weights[weight]?.floats()
    else { return }
    let rounded = layer.matrix.dequantized()
    let depth = layer.matrix.values.shape[1]
    precondition(floatMean.count == depth && roundedMean.count == depth)
    corrections[weight] = (0..<layer.matrix.values.shape[0]).map { output in
      var sum = 0.0
      for k in 0..<depth {
        let i = output * depth + k
        sum += Double(exact[i] * floatMean[k]) - Double(rounded[i] * roundedMean[k])
      }
      return Float(sum)
    }
  }
}

extension Model {
  /// Names of the weights that graphs output unchanged.
  var outputWeights: Set<String> {
    var names: Set<String> = []
    for graph in graphs {
      for output in graph.outputs {
        if case .weight(let name) = graph[output.value].definition { names.insert(name) }
      }
    }
    return names
  }
}
