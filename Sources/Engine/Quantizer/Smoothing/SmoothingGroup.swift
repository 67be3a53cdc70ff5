internal import Graph
internal import Tensors

/// Products that read one value, and the producer of that value.
///
/// Its channels may be divided by any positive factors if the products' weights are multiplied by
/// the same factors, and shifted by any offsets if the offsets' products with the weights are added
/// to the products' biases.
///
/// Three producers allow the division, because each works on channels one by one, and two the
/// shift:
///
/// - a LayerNorm: its weight and bias are divided (Xiao et al., "SmoothQuant", arXiv 2211.10438),
///   and offsets are subtracted from its bias (Wei et al., "Outlier Suppression+", arXiv
///   2304.09145);
/// - attention, in its values: softmax(S) (V - 1 o^T) / s = (softmax(S) V - 1 o^T) / s, since rows
///   of a softmax sum to one, so the rows of the projection that computes V are divided, and
///   offsets are subtracted from its bias;
/// - ReLU after a product: relu(x / s) = relu(x) / s for s > 0.
struct SmoothingGroup {
  /// The kind of the value's producer.
  enum Producer {
    case norm
    /// Attention, of values that a product computes.
    case attention
    /// A product, then ReLU.
    case relu
  }

  /// A product that reads the value.
  struct Consumer: Hashable {
    /// Name of its weight, whose columns are multiplied.
    let weight: String
    /// Name of its bias, when it has one that nothing else uses.
    let bias: String?
    /// Whether it also reads zeros of padding, which would have to be shifted as well.
    let seesPadding: Bool
    let rounding: Rounding
  }

  /// The rounded part of a product; a product without rounding still takes the factors.
  enum Rounding {
    case none
    /// Its weight is stored in int8 and multiplied in float.
    case weight
    /// It multiplies in int8.
    case both
  }

  let producer: Producer
  /// At least one of them rounds.
  var consumers: [Consumer]
  /// Vectors whose elements are divided, from the given start on.
  var vectors: [(name: String, start: Int)] = []
  /// Matrices whose rows are divided, from the given start on.
  var matrices: [(name: String, start: Int)] = []
  /// The vector that offsets are subtracted from, if the producer has one.
  var origin: (name: String, start: Int)?
  let channelCount: Int

  /// The products in which something is rounded.
  var rounded: [Consumer] { consumers.filter { $0.rounding != .none } }

  var canShift: Bool {
    origin != nil && consumers.contains { $0.rounding == .both }
      && consumers.allSatisfy { $0.bias != nil && !$0.seesPadding }
  }
}

extension SmoothingGroup {
  /// The groups of `model` with products in `quantized`, which multiply in int8, or in `stored`,
  /// whose weights are stored in int8; in the order of the graphs.
  static func all(
    in model: Model, quantized: Set<String>, stored: Set<String> = []
  ) -> [SmoothingGroup] {
    let shared = model.sharedWeights
    return model.graphs.flatMap { graph in
      let finder = SmoothingFinder(graph, quantized: quantized, stored: stored, shared: shared)
      return graph.nodes.compactMap { finder.group(producedBy: $0) }
    }
  }
}
