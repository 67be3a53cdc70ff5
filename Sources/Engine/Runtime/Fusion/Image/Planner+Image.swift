internal import Bytes
internal import Graph

extension Planner {
  mutating func plan(_ pattern: ImageChainPattern) throws(Failure) {
    let first = graph.nodes[pattern.nodes[0]]
    var operands = [try read(first.operands[0])]
    let source = sizes(first.operands[0])
    var chain = ImageChain(height: source[1], width: source[2], channels: source[3])
    var value = first.operands[0]
    for index in pattern.nodes {
      chain.links.append(try imageLink(index, of: value, &operands))
      value = graph.nodes[index].result
    }
    append(
      .image(chain), operands, computing: pattern.end, absorbing: pattern.absorbed,
      label: first.label)
  }

  /// The link that the node at `index` is, where `value` is the image so far.
  private mutating func imageLink(
    _ index: Int, of value: ValueID, _ operands: inout [View]
  ) throws(Failure) -> ImageChain.Link {
    let node = graph.nodes[index]
    switch node.op {
    case .convTranspose2d: return .transposedConvolution(try cells(index))
    case .add:
      let other = node.operands[0] == value ? node.operands[1] : node.operands[0]
      return .add(try read(other, &operands))
    case .layerNorm: return .norm(try norm(index, &operands))
    case .activation(let kind): return .activate(kind)
    case .matmulTransposed: return .filter(try read(node.operands[0], &operands))
    default: throw excluded("\(node.op.name) in an image chain", at: index)
    }
  }
}
