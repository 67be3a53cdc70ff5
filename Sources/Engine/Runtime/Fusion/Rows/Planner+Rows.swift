internal import Bytes
internal import Graph

extension Planner {
  mutating func plan(_ pattern: RowChainPattern) throws(Failure) {
    var operands = [try read(pattern.source)]
    let chain = try rowChain(pattern, &operands)
    append(
      .rows(chain), operands, computing: pattern.end, absorbing: pattern.allAbsorbed,
      label: graph.nodes[pattern.products[0].node].label,
      overwriting: chain.overwritten(operands))
  }

  /// The chain of `pattern`; what its links read is appended to `operands`.
  mutating func rowChain(
    _ pattern: RowChainPattern, _ operands: inout [View]
  ) throws(Failure) -> RowChain {
    var links: [RowChain.Link] = []
    if let index = pattern.norm { links.append(.norm(try norm(index, &operands))) }
    if let windows = pattern.windows, windows.order == .windows { links.append(.windows(windows)) }
    for (index, activation) in pattern.products {
      links.append(.product(try product(index, activation, &operands)))
    }
    if let windows = pattern.windows, windows.order == .image { links.append(.windows(windows)) }
    if let value = pattern.residual { links.append(.residual(try read(value, &operands))) }
    if let pool = pattern.pool { links.append(.pool(pool)) }
    if let index = pattern.rotation {
      links.append(.rotation(try rotation(index, &operands)))
    }
    guard let chain = RowChain(links) else {
      throw excluded("a row chain without a product", at: pattern.end)
    }
    return chain
  }

  /// The affine map and epsilon of the LayerNorm at `index`.
  mutating func norm(
    _ index: Int, _ operands: inout [View]
  ) throws(Failure) -> RowChain.Norm {
    let node = graph.nodes[index]
    guard case .layerNorm(let epsilon) = node.op else {
      throw excluded("\(node.op.name) as a norm", at: index)
    }
    let weight = try read(node.operands[1], &operands)
    return RowChain.Norm(
      weight: weight, bias: try read(node.operands[2], &operands), epsilon: epsilon)
  }

  private mutating func product(
    _ index: Int, _ activation: Activation, _ operands: inout [View]
  ) throws(Failure) -> RowChain.Product {
    let node = graph.nodes[index]
    switch node.op {
    case .linear(let p):
      return RowChain.Product(
        weight: .float(try matrix(index)),
        bias: p.hasBias ? try read(node.operands[2], &operands) : nil, activation: activation)
    case .quantizedLinear(let p):
      return RowChain.Product(
        weight: .int8(try int8Matrix(index)),
        bias: p.hasBias ? try read(node.operands[3], &operands) : nil, activation: activation)
    default: throw excluded("\(node.op.name) as a product", at: index)
    }
  }

  private mutating func rotation(
    _ index: Int, _ operands: inout [View]
  ) throws(Failure) -> RowChain.Rotation {
    let node = graph.nodes[index]
    guard case .rotatePairs(let rotated) = node.op else {
      throw excluded("\(node.op.name) as a rotation", at: index)
    }
    let cosine = try read(node.operands[1], &operands)
    return RowChain.Rotation(
      cosine: cosine, sine: try read(node.operands[2], &operands),
      tokens: sizes(node.result)[1], rotated: min(rotated.fixed ?? 0, sizes(node.result)[1]))
  }
}

extension RowChain {
  /// The operand that the result may be written over: the residual, whose elements meet those of
  /// the result one by one, unless other tasks read the source there.
  fileprivate func overwritten(_ operands: [View]) -> Int? {
    guard let residual, pool == nil else { return nil }
    if !operands[0].sharesBuffer(with: operands[residual]) { return residual }
    // A block's rows are in scratch before its result is written.
    let readsFirst = products[0].isQuantized || products.count > 1 || norm != nil
    return windows == nil && readsFirst ? residual : nil
  }
}
