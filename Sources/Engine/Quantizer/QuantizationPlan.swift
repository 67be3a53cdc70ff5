internal import Bytes
public import Graph
internal import Tensors

/// All that is decided for a model: smoothed weights, integers, corrections of biases.
///
/// Models come out of it with any of the layers left in floating point, so that their effects can
/// be measured one by one without deciding anything again.
public struct QuantizationPlan: Sendable {
  /// A product that can run in int8.
  public struct Layer: Sendable {
    /// Name of its weight.
    public let weight: String
    /// The graph it belongs to.
    public let graph: String
    public let matrix: QuantizedMatrix
    /// Signal to noise of its rounded input rows in decibels; nil without calibration.
    public let inputSQNR: Double?
  }

  /// The model in floating point after smoothing: it computes what the original does.
  public let source: Model
  /// In the order of the graphs.
  public let layers: [Layer]
  public let recipe: Recipe
  /// Reasons for linear layers that stay, by weight.
  let kept: [String: String]
  /// What was done to the inputs of products, by weight.
  let smoothings: [String: Smoothing]
  /// Integers of weights that are stored in int8 but not multiplied in it.
  let stored: [String: QuantizedMatrix]
  /// To be added to the output of a layer, by weight.
  public private(set) var corrections: [String: [Float]] = [:]

  init(
    _ model: Model, recipe: Recipe, quantized: Set<String>, kept: [String: String],
    profile: CalibrationProfile?
  ) throws(Failure) {
    self.recipe = recipe
    self.kept = kept
    var source = model
    var profile = profile
    var smoothings: [String: Smoothing] = [:]
    if !recipe.steps.isDisjoint(with: [.smoothing, .shifting]) {
      for group in SmoothingGroup.all(in: model, quantized: quantized) {
        Self.smooth(group, recipe, &source.weights, &profile, &smoothings)
      }
    }
    self.source = source
    self.smoothings = smoothings
    layers = Self.layers(source, quantized, recipe, profile)
    stored =
      recipe.steps.contains(.int8Storage)
      ? try Self.storedMatrices(source, except: quantized, recipe) : [:]
  }

  private static func smooth(
    _ group: SmoothingGroup, _ recipe: Recipe, _ weights: inout WeightTable,
    _ profile: inout CalibrationProfile?, _ smoothings: inout [String: Smoothing]
  ) {
    let names = group.consumers.map(\.weight)
    guard let input = names.first.flatMap({ profile?.inputs[$0] }),
      input.channelCount == group.channelCount, input.sampleRowCount > 0
    else { return }
    let smoothing = Smoothing(
      weights: names.compactMap { weights[$0] }, input: input,
      shifts: recipe.steps.contains(.shifting) && group.canShift,
      scales: recipe.steps.contains(.smoothing))
    guard smoothing.changesSomething else { return }
    group.fold(smoothing, into: &weights)
    let changed = smoothing.applied(to: input)
    for name in names {
      smoothings[name] = smoothing
      profile?.inputs[name] = changed
    }
  }

  private static func layers(
    _ model: Model, _ quantized: Set<String>, _ recipe: Recipe, _ profile: CalibrationProfile?
  ) -> [Layer] {
    var layers: [Layer] = []
    var seen: Set<String> = []
    for graph in model.graphs {
      for node in graph.nodes {
        guard case .linear = node.op,
          case .weight(let name) = graph[node.operands[1]].definition, quantized.contains(name),
          seen.insert(name).inserted, let tensor = model.weights[name]
        else { continue }
        let input = profile?.inputs[name]
        let matrix = QuantizedMatrix(
          tensor, importance: input?.secondMoment, searchesClip: recipe.steps.contains(.clip),
          compensation: recipe.steps.contains(.compensation)
            ? input.map(RoundingCompensation.init) : nil)
        layers.append(
          Layer(
            weight: name, graph: graph.name, matrix: matrix,
            inputSQNR: input.flatMap(RowQuantizer.sqnr)))
      }
    }
    return layers
  }

  /// Large weights of products that stay in float.
  private static func storedMatrices(
    _ model: Model, except quantized: Set<String>, _ recipe: Recipe
  ) throws(Failure) -> [String: QuantizedMatrix] {
    var packed: Set<String> = []
    var otherwiseUsed = model.outputWeights
    for graph in model.graphs {
      for node in graph.nodes {
        for (position, operand) in node.operands.enumerated() {
          guard case .weight(let name) = graph[operand].definition else { continue }
          if position == 1, node.op.packsItsWeight {
            packed.insert(name)
          } else {
            otherwiseUsed.insert(name)
          }
        }
      }
    }
    var matrices: [String: QuantizedMatrix] = [:]
    for name in model.weights.names
    where packed.contains(name) && !otherwiseUsed.contains(name) && !quantized.contains(name) {
      guard let tensor = model.weights[name], recipe.storesInInt8(name, tensor.elementCount),
        tensor.floats().allSatisfy({ $0.isFinite })
      else { continue }
      matrices[name] = QuantizedMatrix(tensor, searchesClip: recipe.steps.contains(.clip))
    }
    return matrices
  }

  // MARK: Bias correction

  /// Gives the layers with these weights a correction of nothing, and so each of them a bias.
  public mutating func resetCorrections(of weights: Set<String>) {
    for layer in layers where weights.contains(layer.weight) {
      corrections[layer.weight] = [Float](repeating: 0, count: layer.matrix.values.shape[0])
    }
  }

  /// Corrects the bias of the layer with `weight` by the mean error of its outputs:
  /// W E[x] - Q E[q(x)], for the inputs x it gets in floating point and those it gets, rounded,
  /// behind quantised and corrected layers (Nagel et al., "Data-Free Quantization", arXiv
  /// 1906.04721, section 4.2).
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
  /// Names of the weights that are outputs of graphs as they are.
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

extension Op {
  /// Whether operand 1 is a weight that the runtime packs, so that how it is stored is no matter.
  fileprivate var packsItsWeight: Bool {
    switch self {
    case .linear, .conv2d, .convTranspose2d: true
    default: false
    }
  }
}
