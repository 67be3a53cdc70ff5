internal import Bytes
internal import Graph

// Steps that are attention between tokens and cells.

extension Planner {
  mutating func plan(_ pattern: TokenAttentionPattern) throws(Failure) {
    let node = graph.nodes[pattern.attention]
    var operands: [View] = []
    let attention: TokenAttention =
      pattern.output == nil
      ? .reading(try reading(pattern, node, &operands))
      : .update(try update(pattern, node, &operands))
    let end = graph.nodes[pattern.end]
    steps.append(
      Step(
        op: node.op, operands: operands, result: result(of: end), tokenAttention: attention,
        label: node.label))
  }

  private mutating func reading(
    _ pattern: TokenAttentionPattern, _ node: Graph.Node, _ operands: inout [View]
  ) throws(Failure) -> CellReading {
    try append(node.operands[0], to: &operands)
    let keys = try rows(pattern.cells[0], pattern, .back, &operands)
    let values = try rows(pattern.cells[1], pattern, .forward, &operands)
    let valueBias = try bias(of: pattern.cells[1].product, &operands)
    return CellReading(
      size: pattern.size, scale: pattern.scale, keys: keys, values: values, valueBias: valueBias,
      work: work(of: pattern))
  }

  private mutating func update(
    _ pattern: TokenAttentionPattern, _ node: Graph.Node, _ operands: inout [View]
  ) throws(Failure) -> CellUpdate {
    let queries = try rows(pattern.cells[0], pattern, .back, &operands)
    guard let output = pattern.output else {
      throw Failure(
        .internalError, code: "runtime.plan", "\(node.label) has no output projection",
        place: "graph \(graph.name)")
    }
    let packed = try constants.packedHeads(
      for: graph.nodes[output], in: graph, heads: pattern.size.heads, direction: .output)
    var step = CellUpdate(
      size: pattern.size, scale: pattern.scale, queries: queries,
      keys: try append(node.operands[1], to: &operands),
      values: try append(node.operands[2], to: &operands), output: packed,
      work: work(of: pattern))
    step.queryBias = try bias(of: pattern.cells[0].product, &operands)
    step.outputBias = try bias(of: pattern.output, &operands)
    if let residual = pattern.residual { step.residual = try append(residual, to: &operands) }
    if let index = pattern.norm, case .layerNorm(let epsilon) = graph.nodes[index].op {
      let norm = graph.nodes[index]
      let weight = try append(norm.operands[1], to: &operands)
      step.norm = RowChain.Norm(
        weight: weight, bias: try append(norm.operands[2], to: &operands), epsilon: epsilon)
    }
    return step
  }

  private mutating func rows(
    _ cells: TokenAttentionPattern.Projected, _ pattern: TokenAttentionPattern,
    _ direction: PackedHeads.Direction, _ operands: inout [View]
  ) throws(Failure) -> CellRows {
    let source = try append(cells.source, to: &operands)
    var rows = CellRows(source: source, depth: sizes(cells.source)[2])
    if let position = cells.position { rows.position = try append(position, to: &operands) }
    if let product = cells.product {
      rows.projection = try constants.packedHeads(
        for: graph.nodes[product], in: graph, heads: pattern.size.heads, direction: direction)
    }
    return rows
  }

  /// Reads an operand of the step, and gives its position there.
  @discardableResult
  private mutating func append(
    _ value: ValueID, to operands: inout [View]
  ) throws(Failure) -> Int {
    operands.append(try read(value))
    return operands.count - 1
  }

  private mutating func bias(
    of product: Int?, _ operands: inout [View]
  ) throws(Failure) -> Int? {
    guard let product, case .linear(let parameters) = graph.nodes[product].op, parameters.hasBias
    else { return nil }
    return try append(graph.nodes[product].operands[2], to: &operands)
  }

  /// Multiply-accumulates of the attention and of the products around it, as the graph says.
  private func work(of pattern: TokenAttentionPattern) -> Double {
    let node = graph.nodes[pattern.attention]
    let (size, batch) = (pattern.size, sizes(node.result)[0])
    var work = Double(2 * batch * size.tokens * size.cells * size.heads * size.headDepth)
    for product in pattern.cells.compactMap(\.product) + [pattern.output].compactMap({ $0 }) {
      let node = graph.nodes[product]
      let columns = sizes(node.result).last ?? 0
      work += Double(sizes(node.operands[0]).reduce(1, *)) * Double(columns)
    }
    return work
  }
}
