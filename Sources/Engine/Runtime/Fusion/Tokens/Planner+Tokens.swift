internal import Bytes
internal import Graph

extension Planner {
  mutating func plan(_ pattern: TokenAttentionPattern) throws(Failure) {
    let node = graph.nodes[pattern.attention]
    var operands: [View] = []
    let attention: TokenAttention =
      if let output = pattern.output {
        .imageToTokens(try imageToTokens(pattern, node, output: output, &operands))
      } else {
        .tokensToImage(try tokensToImage(pattern, node, &operands))
      }
    append(
      .tokens(attention), operands, computing: pattern.end, absorbing: pattern.absorbed,
      label: node.label)
  }

  private mutating func tokensToImage(
    _ pattern: TokenAttentionPattern, _ node: Graph.Node, _ operands: inout [View]
  ) throws(Failure) -> TokenToImageAttention {
    operands.append(try read(node.operands[0]))
    let keys = try rows(pattern.cells[0], pattern, .back, &operands)
    let values = try rows(pattern.cells[1], pattern, .forward, &operands)
    let valueBias = try bias(of: pattern.cells[1].product, &operands)
    return TokenToImageAttention(
      size: pattern.size, scale: pattern.scale, keys: keys, values: values, valueBias: valueBias)
  }

  private mutating func imageToTokens(
    _ pattern: TokenAttentionPattern, _ node: Graph.Node, output: Int, _ operands: inout [View]
  ) throws(Failure) -> ImageToTokenAttention {
    let queries = try rows(pattern.cells[0], pattern, .back, &operands)
    let packed = try constants.packedHeads(
      for: graph.nodes[output], in: graph, heads: pattern.size.heads, direction: .output)
    var step = ImageToTokenAttention(
      size: pattern.size, scale: pattern.scale, queries: queries,
      keys: try read(node.operands[1], &operands), values: try read(node.operands[2], &operands),
      output: packed)
    step.queryBias = try bias(of: pattern.cells[0].product, &operands)
    step.outputBias = try bias(of: output, &operands)
    if let residual = pattern.residual { step.residual = try read(residual, &operands) }
    if let index = pattern.norm { step.norm = try norm(index, &operands) }
    return step
  }

  private mutating func rows(
    _ cells: TokenAttentionPattern.Projected, _ pattern: TokenAttentionPattern,
    _ direction: PackedHeads.Direction, _ operands: inout [View]
  ) throws(Failure) -> CellRows {
    let source = try read(cells.source, &operands)
    let position = try cells.position.map { (value) throws(Failure) in
      try read(value, &operands)
    }
    let projection: CellProjection =
      if let product = cells.product {
        .heads(
          try constants.packedHeads(
            for: graph.nodes[product], in: graph, heads: pattern.size.heads, direction: direction))
      } else {
        .none
      }
    return CellRows(
      source: source, position: position, depth: sizes(cells.source)[2], projection: projection)
  }

  /// Position of the bias of a product, if it has one.
  private mutating func bias(
    of product: Int?, _ operands: inout [View]
  ) throws(Failure) -> Int? {
    guard let product, case .linear(let parameters) = graph.nodes[product].op, parameters.hasBias
    else { return nil }
    return try read(graph.nodes[product].operands[2], &operands)
  }
}
