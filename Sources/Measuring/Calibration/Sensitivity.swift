internal import Glibc
internal import Graph
internal import Quantizer

/// The cost of rounding a few neighbouring layers, with everything else in floating point.
///
/// It is measured on a few held-out pictures and the first frames of a few clips. Their masks are
/// too few, and agree too well, to rank layers, so layers are ranked by the noise in the logits.
/// Later frames would measure chance: once the model loses an object, any noise grows from frame to
/// frame.
public struct Sensitivity: Sendable {
  /// Names of the weights, in graph order.
  public let weights: [String]
  public let graph: String
  /// Agreement of the masks with those in floating point if only these layers are in int8.
  public let accuracy: Accuracy
  /// Noise in the mask logits relative to the signal: the geometric mean over the masks.
  public let noise: Double

  /// Signal-to-noise ratio of the mask logits in decibels.
  public var sqnr: Double { -10 * log10(noise) }
  /// The loss in mask IoU.
  public var loss: Double { 1 - accuracy.minimum }
}

extension QuantizationPlan {
  /// Layers in groups of neighbours, about `limit` groups per graph; those around one attention
  /// stay together, since it only runs in int8 if all of them do.
  func layerGroups(limit: Int) -> [(graph: String, weights: [String])] {
    var groups: [(graph: String, weights: [String])] = []
    for graph in source.graphs {
      let names = layers.filter { $0.graph == graph.name }.map(\.weight)
      let size = max(1, (names.count + limit - 1) / max(1, limit))
      var group: [String] = []
      for (index, name) in names.enumerated() {
        group.append(name)
        let attention = graph.attentionLabel(of: name)
        let continues =
          attention != nil && index + 1 < names.count
          && graph.attentionLabel(of: names[index + 1]) == attention
        if group.count >= size && !continues || index + 1 == names.count {
          groups.append((graph.name, group))
          group = []
        }
      }
    }
    return groups
  }
}

extension Graph {
  /// The label of the attention whose name appears in that of a surrounding product.
  fileprivate func attentionLabel(of weight: String) -> String? {
    for node in nodes {
      if case .attention = node.op, weight.hasPrefix(node.label + ".") { return node.label }
    }
    return nil
  }
}
