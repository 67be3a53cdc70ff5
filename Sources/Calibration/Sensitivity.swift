internal import Graph
internal import Quantizer

/// What the rounding of a few neighbouring layers costs alone, everything else in floating point.
public struct Sensitivity: Sendable {
  /// Names of the weights, in the order of the graph.
  public let weights: [String]
  public let graph: String
  /// Agreement of the masks with those in floating point when only these layers are in int8.
  public let accuracy: Accuracy

  /// Mask IoU lost.
  public var loss: Double { 1 - accuracy.least }
}

extension QuantizationPlan {
  /// Layers in groups of neighbours, at most `limit` groups a graph.
  func layerGroups(limit: Int) -> [(graph: String, weights: [String])] {
    var groups: [(graph: String, weights: [String])] = []
    for graph in source.graphs.map(\.name) {
      let names = layers.filter { $0.graph == graph }.map(\.weight)
      let size = max(1, (names.count + limit - 1) / limit)
      for start in stride(from: 0, to: names.count, by: size) {
        groups.append((graph, Array(names[start..<min(names.count, start + size)])))
      }
    }
    return groups
  }
}
