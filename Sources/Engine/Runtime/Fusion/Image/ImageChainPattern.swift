internal import Graph

extension Fusion {
  /// Transposed convolutions with the sums, norms, activations and filters after them.
  static let imageChains = Fusion(name: "image chains") { search in
    for index in search.freeNodes where !search.isClaimed(index) {
      guard let chain = ImageChainPattern(search.uses, start: index),
        !search.isClaimed(chain.end)
      else { continue }
      search.claim(.image(chain))
    }
  }
}

/// An image chain found in a graph.
struct ImageChainPattern {
  /// Absorbed nodes: all but the last.
  var absorbed: [Int] = []
  /// The node whose result the chain writes; the chain runs in its place.
  var end: Int
  /// Links in order, with the nodes they come from.
  var nodes: [Int] = []
}

extension ImageChainPattern {
  /// The chain that starts with the transposed convolution at `start`; nil when it would be alone.
  init?(_ uses: GraphUses, start: Int) {
    let graph = uses.graph
    guard case .convTranspose2d = graph.nodes[start].op else { return nil }
    (end, nodes) = (start, [start])
    search: while let index = uses.soleConsumer(of: graph.nodes[end].result) {
      let (node, value) = (graph.nodes[index], graph.nodes[end].result)
      switch node.op {
      case .convTranspose2d, .layerNorm, .activation:
        guard node.operands[0] == value else { break search }
        take(index)
      case .add where uses.isImageSum(node, of: value): take(index)
      case .reshape:
        guard let product = uses.soleConsumer(of: node.result),
          uses.isFiltering(product, pixels: node, of: value)
        else { break search }
        absorbed.append(index)
        take(product)
        break search
      default: break search
      }
    }
    guard nodes.count > 1 else { return nil }
  }

  private mutating func take(_ index: Int) {
    absorbed.append(end)
    nodes.append(index)
    end = index
  }
}

extension GraphUses {
  /// Whether `node` adds to the image `value` another one of its size, or one for all of the batch.
  fileprivate func isImageSum(_ node: Graph.Node, of value: ValueID) -> Bool {
    let other = node.operands[0] == value ? node.operands[1] : node.operands[0]
    let (shape, added) = (sizes(of: value), sizes(of: other))
    return other != value && added.count == 4 && added.dropFirst() == shape.dropFirst()
      && (added[0] == 1 || added[0] == shape[0])
  }

  /// Whether the node at `product` multiplies filters with the pixels that `reshape` makes of
  /// `value`.
  fileprivate func isFiltering(
    _ product: Int, pixels reshape: Graph.Node, of value: ValueID
  ) -> Bool {
    let (image, pixels) = (sizes(of: value), sizes(of: reshape.result))
    let node = graph.nodes[product]
    return node.op == .matmulTransposed && node.operands[1] == reshape.result
      && node.operands[0] != reshape.result && image.count == 4
      && pixels == [image[0], image[1] * image[2], image[3]]
  }
}
