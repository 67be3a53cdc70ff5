public import Graph
public import Passes

/// The stages of the quantiser, for a model with optimised graphs.
///
/// Together they form one budgeted rewrite, which may end after any stage.
public enum QuantizationStage: String, Sendable, CaseIterable {
  /// Large weights are stored in int8 and multiplied in float, other matrices in float16.
  case storeCompactly = "store-compactly"
  /// Linear layers multiply in int8.
  case quantizeProducts = "quantize-products"
  /// Attention runs in int8.
  case quantizeAttention = "quantize-attention"

  /// One line for `sam2-quantize --passes`.
  public var summary: String {
    switch self {
    case .storeCompactly: "stores large weights in int8 and other matrices in float16"
    case .quantizeProducts: "multiplies in int8: weights by channel, activations by row"
    case .quantizeAttention: "runs attention in int8"
    }
  }

  /// The effect of each stage that changed a graph, for the log; `quantized` may be the result of
  /// any stage.
  public static func log(from source: Model, to quantized: Model) -> [Pipeline.Entry] {
    var entries: [Pipeline.Entry] = []
    for stage in allCases {
      for old in source.graphs {
        guard let new = quantized.graph(old.name) else { continue }
        let entry = Pipeline.Entry(
          pass: stage.rawValue, from: stage.part(of: new, isBefore: true),
          to: stage.part(of: new, isBefore: false))
        if !entry.change.isEmpty { entries.append(entry) }
      }
    }
    return entries
  }

  /// A quantised graph as it was before or after this stage, considering operators only.
  private func part(of graph: Graph, isBefore: Bool) -> Graph {
    let done = Self.allCases.prefix { $0 != self } + (isBefore ? [] : [self])
    var copy = graph
    let nodes =
      done.contains(.quantizeAttention)
      ? graph.nodes : graph.nodes.flatMap { graph.withKeys($0) }
    copy.nodes = nodes.compactMap { node in
      var node = node
      switch node.op {
      case .quantizedLinear(let p) where !done.contains(.quantizeProducts): node.op = .linear(p)
      case .quantizedAttention(let heads, let scale) where !done.contains(.quantizeAttention):
        node.op = .attention(heads: heads, scale: scale)
      case .dequantize where !done.contains(.storeCompactly): return nil
      default: break
      }
      return node
    }
    return copy
  }
}

extension Graph {
  /// The nodes that an axial attention replaced, restoring only operators and weights; other nodes
  /// are unchanged.
  fileprivate func withKeys(_ node: Node) -> [Node] {
    guard case .axialAttention(let p) = node.op else { return [node] }
    let labels = keyLabels(of: node)
    var (product, rotation, attention) = (node, node, node)
    (product.op, product.label) = (.quantizedLinear(p.product), labels.product)
    (rotation.op, rotation.label) = (.rotatePairs(rotated: p.rotated), labels.rotation)
    rotation.operands = []
    attention.op = .quantizedAttention(heads: 1, scale: p.scale)
    attention.operands = [node.operands[0], node.operands[2]]
    return [product, rotation, attention]
  }
}

extension Recipe {
  /// The recipe of a run that ends after `stage`.
  public func until(_ stage: QuantizationStage) -> Recipe {
    var copy = self
    if stage == .storeCompactly { copy.graphs = [] }
    if stage != .quantizeAttention { copy.attentionGraphs = [] }
    return copy
  }
}
