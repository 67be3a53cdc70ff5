internal import Bytes
internal import Graph

extension Fusion {
  /// Convolutions whose result only a sum reads.
  static let convolutionResiduals = Fusion(name: "convolution residuals") { search in
    for index in search.freeNodes where !search.isClaimed(index) {
      guard let found = ConvolutionResidualPattern(search.uses, index),
        !search.isClaimed(found.sum)
      else { continue }
      search.claim(.convolution(found))
    }
  }
}

/// A convolution and what is added to its result.
struct ConvolutionResidualPattern {
  let convolution: Int
  /// The node that adds the residual.
  let sum: Int
  let residual: ValueID

  /// Nil when the node at `index` is not a convolution with one consumer, which adds a value of the
  /// same shape.
  init?(_ uses: GraphUses, _ index: Int) {
    let node = uses.graph.nodes[index]
    guard case .conv2d(let parameters) = node.op, parameters.groups == 1,
      let next = uses.soleConsumer(of: node.result), case .add = uses.graph.nodes[next].op
    else { return nil }
    let operands = uses.graph.nodes[next].operands
    (convolution, sum) = (index, next)
    residual = operands[0] == node.result ? operands[1] : operands[0]
    let shape = uses.sizes(of: uses.graph.nodes[next].result)
    guard uses.sizes(of: residual) == shape, uses.sizes(of: node.result) == shape else {
      return nil
    }
  }
}

extension Planner {
  mutating func plan(_ pattern: ConvolutionResidualPattern) throws(Failure) {
    let node = graph.nodes[pattern.convolution]
    guard case .conv2d(let parameters) = node.op else {
      throw excluded("\(node.op.name) as a convolution", at: pattern.convolution)
    }
    var operands: [View] = []
    for operand in [node.operands[0]] + node.operands.dropFirst(2) + [pattern.residual] {
      operands.append(try read(operand))
    }
    let weight = try matrix(pattern.convolution)
    append(
      .single(.convolution(parameters, weight, addsResidual: true)), operands,
      computing: pattern.sum, absorbing: [pattern.convolution], label: node.label)
  }
}
