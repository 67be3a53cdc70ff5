internal import Bytes
internal import Graph

// Steps that stand for several nodes.

extension Planner {
  mutating func plan(
    _ sum: Graph.Node, _ shortcut: ConvolutionShortcut
  ) throws(Failure) {
    let node = graph.nodes[shortcut.convolution]
    var operands: [View] = []
    for operand in [node.operands[0]] + node.operands.dropFirst(2) + [shortcut.residual] {
      operands.append(try read(operand))
    }
    let packed = try constants.packedWeight(for: node, in: graph)
    steps.append(
      Step(
        op: node.op, operands: operands, result: result(of: sum), packed: packed,
        hasResidual: true, label: node.label))
  }

  mutating func plan(_ pattern: ChainPattern) throws(Failure) {
    var operands = [try read(pattern.source)]
    let chain = try rowChain(pattern, &operands)
    let end = graph.nodes[pattern.end]
    steps.append(
      Step(
        op: end.op, operands: operands, result: result(of: end), chain: chain,
        geometry: .rowChain(ChainLayout(chain)), overwritten: chain.overwritten(operands),
        label: graph.nodes[pattern.products[0].node].label)
    )
  }

  mutating func plan(_ pattern: WindowChainPattern) throws(Failure) {
    var operands = [try read(pattern.head.source)]
    let chain = WindowChain(
      head: try rowChain(pattern.head, &operands), attention: pattern.attention,
      tail: try rowChain(pattern.tail, &operands))
    let end = graph.nodes[pattern.tail.end]
    steps.append(
      Step(
        op: end.op, operands: operands, result: result(of: end), windowChain: chain,
        geometry: .windowChain(WindowLayout(chain, windowCount: pattern.windowCount)),
        overwritten: chain.overwritten(operands),
        label: graph.nodes[pattern.head.products[0].node].label))
  }

  mutating func plan(_ pattern: KeyChainPattern) throws(Failure) {
    let node = graph.nodes[pattern.attention]
    guard case .quantizedAttention(let heads, let scale) = node.op else { return }
    var operands = [try read(pattern.source)]
    let chain = try rowChain(pattern.chain, &operands)
    let query = operands.count
    operands.append(try read(node.operands[0]))
    operands.append(try read(node.operands[2]))
    var codes: Int?
    if let sum = pattern.sum {
      codes = operands.count
      operands.append(try read(sum.codes))
    }
    let attention = KeyChain(
      chain: chain, layout: ChainLayout(chain), codes: codes, query: query, values: query + 1,
      heads: heads, scale: scale)
    steps.append(
      Step(
        op: node.op, operands: operands, result: result(of: node), keyChain: attention,
        label: node.label))
  }

  /// The chain of `pattern`; what its steps read goes to the end of `operands`.
  private mutating func rowChain(
    _ pattern: ChainPattern, _ operands: inout [View]
  ) throws(Failure) -> RowChain {
    var chain = RowChain(windows: pattern.windows, products: [], pool: pattern.pool)
    if let index = pattern.norm, case .layerNorm(let epsilon) = graph.nodes[index].op {
      let node = graph.nodes[index]
      chain.norm = RowChain.Norm(
        weight: operands.count, bias: operands.count + 1, epsilon: epsilon)
      operands.append(try read(node.operands[1]))
      operands.append(try read(node.operands[2]))
    }
    for (index, activation) in pattern.products {
      let node = graph.nodes[index]
      guard let packed = try constants.packedWeight(for: node, in: graph) else { continue }
      var bias: Int?
      if let value = node.bias {
        bias = operands.count
        operands.append(try read(value))
      }
      chain.products.append(
        RowChain.Product(
          isQuantized: packed.layout == .quantizedPanels, packed: packed, bias: bias,
          activation: activation))
    }
    if let value = pattern.residual {
      chain.residual = operands.count
      operands.append(try read(value))
    }
    if let index = pattern.rotation, case .rotatePairs(let rotated) = graph.nodes[index].op {
      let node = graph.nodes[index]
      chain.rotation = RowChain.Rotation(
        cosine: operands.count, sine: operands.count + 1, tokens: sizes(node.result)[1],
        rotated: rotated.fixed ?? 0)
      operands.append(try read(node.operands[1]))
      operands.append(try read(node.operands[2]))
    }
    return chain
  }

  mutating func plan(_ pattern: ImageChainPattern) throws(Failure) {
    let first = graph.nodes[pattern.nodes[0]]
    var operands = [try read(first.operands[0])]
    func add(_ view: View) -> Int {
      operands.append(view)
      return operands.count - 1
    }
    let source = sizes(first.operands[0])
    var chain = ImageChain(height: source[1], width: source[2], channels: source[3])
    var value = first.operands[0]
    for index in pattern.nodes {
      let node = graph.nodes[index]
      switch node.op {
      case .convTranspose2d(let stride):
        guard let packed = try constants.packedWeight(for: node, in: graph) else { continue }
        chain.links.append(.transposedConvolution(packed, stride: stride))
      case .add:
        let other = node.operands[0] == value ? node.operands[1] : node.operands[0]
        chain.links.append(.add(add(try read(other))))
      case .layerNorm(let epsilon):
        let weight = add(try read(node.operands[1]))
        chain.links.append(
          .norm(weight: weight, bias: add(try read(node.operands[2])), epsilon: epsilon))
      case .activation(let kind): chain.links.append(.activate(kind))
      case .matmulTransposed: chain.links.append(.filter(add(try read(node.operands[0]))))
      default: continue
      }
      value = node.result
    }
    let end = graph.nodes[pattern.end]
    steps.append(
      Step(
        op: end.op, operands: operands, result: result(of: end), imageChain: chain,
        label: first.label))
  }
}

// What a step may write over: the shortcut, whose elements meet those of the result one by one.

extension RowChain {
  /// Not when other tasks read the source there.
  fileprivate func overwritten(_ operands: [View]) -> Int? {
    guard let residual, pool == nil else { return nil }
    if !operands[0].sharesMemory(with: operands[residual]) { return residual }
    // A block's rows are in scratch before its result is written.
    let readsFirst = products[0].isQuantized || products.count > 1 || norm != nil
    return windows == nil && readsFirst ? residual : nil
  }
}

extension WindowChain {
  /// A task reads and writes the places of its windows, unless queries are pooled.
  fileprivate func overwritten(_ operands: [View]) -> Int? {
    guard let residual = tail.residual else { return nil }
    let isApart = !operands[0].sharesMemory(with: operands[residual])
    return isApart || attention.pool == 1 ? residual : nil
  }
}

extension View {
  fileprivate func sharesMemory(with other: View) -> Bool {
    guard case .arena(let request) = place, case .arena(let another) = other.place else {
      return false
    }
    return request == another
  }
}

extension Graph.Node {
  /// The bias of a linear product.
  fileprivate var bias: ValueID? {
    switch op {
    case .linear(let p): p.hasBias ? operands[2] : nil
    case .quantizedLinear(let p): p.hasBias ? operands[3] : nil
    default: nil
    }
  }
}
