internal import Graph

/// A row chain found in a graph: what it absorbs, and where it ends.
struct ChainPattern {
  /// Source of the rows.
  var source: ValueID
  /// Position of the LayerNorm, if the chain starts with it.
  var norm: Int?
  var windows: WindowRows?
  /// Positions of the products and the activations that follow them.
  var products: [(node: Int, activation: Activation)]
  var residual: ValueID?
  var pool: RowChain.Pool?
  /// Position of the rotation at the end.
  var rotation: Int?
  /// Node whose result the chain writes; the chain runs in its place.
  var end: Int
  /// Nodes that have no step of their own any more; the norm comes on top.
  var absorbed: [Int]
}

/// A convolution and what is added to its result.
struct ConvolutionShortcut {
  let convolution: Int
  let residual: ValueID
}

/// Finds the row chains of a bound graph.
///
/// Products are taken from the last to the first, so that each chain is as long as it can be.
struct ChainFinder {
  let graph: Graph
  let running: [Bool]
  let users: [[Int]]
  let isOutput: [Bool]
  /// Nodes that belong to a chain.
  private var claimed: Set<Int>

  /// Rows below which a float product is better split by columns.
  private static let leastFloatRows = 96
  /// Products in one chain.
  private static let mostProducts = 3

  /// `claimed`: nodes that run otherwise.
  init(
    _ graph: Graph, running: [Bool], users: [[Int]], isOutput: [Bool], claimed: Set<Int>
  ) {
    (self.graph, self.running, self.users, self.isOutput) = (graph, running, users, isOutput)
    self.claimed = claimed
  }

  /// The chains by the position of their end.
  mutating func find() -> [Int: ChainPattern] {
    var chains: [Int: ChainPattern] = [:]
    for index in graph.nodes.indices.reversed() where running[index] && !claimed.contains(index) {
      guard let parameters = product(index) else { continue }
      var chain = ChainPattern(
        source: graph.nodes[index].operands[0],
        products: [(index, parameters.activation)], end: index, absorbed: [])
      if parameters.hasResidual { chain.residual = graph.nodes[index].operands.last }
      extendForward(&chain)
      extendBackward(&chain)
      claimed.insert(chain.end)
      claimed.formUnion(chain.absorbed)
      chain.absorbed.removeAll { $0 == chain.end }
      chains[chain.end] = chain
    }
    shareNorms(&chains)
    return chains
  }

  // MARK: What a chain is made of

  /// The parameters of a product that can be part of a chain.
  private func product(_ index: Int) -> Linear? {
    let node = graph.nodes[index]
    switch node.op {
    case .quantizedLinear(let parameters): return parameters
    case .linear(let parameters):
      let shape = sizes(node.result)
      return shape.dropLast().reduce(1, *) >= Self.leastFloatRows ? parameters : nil
    default: return nil
    }
  }

  private func sizes(_ value: ValueID) -> [Int] {
    graph[value].type.shape.map { $0.fixed ?? 0 }
  }

  /// The only user of the value, when nothing but it depends on the value.
  private func onlyUser(of value: ValueID) -> Int? {
    guard !isOutput[value.index], users[value.index].count == 1 else { return nil }
    return claimed.contains(users[value.index][0]) ? nil : users[value.index][0]
  }

  /// The node that makes the value, if this plan runs it and no chain has it yet.
  private func maker(of value: ValueID) -> Int? {
    guard case .node(let index) = graph[value].definition, running[index],
      !claimed.contains(index)
    else { return nil }
    return index
  }

  /// True for a reshape that leaves rows as they are.
  private func keepsRows(_ index: Int) -> Bool {
    let node = graph.nodes[index]
    guard case .reshape = node.op else { return false }
    return sizes(node.result).last == sizes(node.operands[0]).last
  }

  // MARK: Forward

  /// Takes what follows the product: an activation, the way back from windows, a shortcut, pooling
  /// or rotation.
  private func extendForward(_ chain: inout ChainPattern) {
    guard chain.residual == nil else { return }
    var value = graph.nodes[chain.end].result
    // Reshapes count only when something worth having follows them.
    var pending: [Int] = []
    while let next = onlyUser(of: value) {
      let node = graph.nodes[next]
      switch node.op {
      case .reshape where keepsRows(next): pending.append(next)
      case .activation(let kind)
      where chain.products[0].activation == .none && chain.windows == nil:
        chain.products[0].activation = kind
        take(next, &pending, &chain)
      case .windowMerge(let window, let height, let width) where chain.windows == nil:
        chain.windows = WindowRows(order: .image, height: height, width: width, window: window)
        take(next, &pending, &chain)
      case .maxPool(let window):
        let shape = sizes(value)
        guard chain.windows == nil, shape[1] % window == 0, shape[2] % window == 0 else { return }
        chain.pool = RowChain.Pool(window: window, width: shape[2])
        take(next, &pending, &chain)
        return
      case .rotatePairs where node.operands[0] == value && chain.windows == nil:
        chain.rotation = next
        take(next, &pending, &chain)
        return
      case .add:
        let other = node.operands[0] == value ? node.operands[1] : node.operands[0]
        guard other != value, sizes(other) == sizes(node.result),
          sizes(value) == sizes(node.result)
        else { return }
        chain.residual = other
        take(next, &pending, &chain)
        return
      default: return
      }
      value = node.result
    }
  }

  private func take(_ index: Int, _ pending: inout [Int], _ chain: inout ChainPattern) {
    chain.absorbed += pending + [chain.end]
    chain.end = index
    pending = []
  }

  // MARK: Backward

  /// Takes products, windows and a LayerNorm in front of the first product.
  private func extendBackward(_ chain: inout ChainPattern) {
    var value = chain.source
    var pending: [Int] = []
    while let index = maker(of: value) {
      let node = graph.nodes[index]
      if case .layerNorm = node.op {
        chain.norm = index
        chain.absorbed += pending
        chain.source = node.operands[0]
        return
      }
      guard users[value.index].count == 1, !isOutput[value.index] else { return }
      if keepsRows(index) {
        pending.append(index)
      } else if case .activation(let kind) = node.op, chain.windows == nil,
        let before = maker(of: node.operands[0]), let parameters = product(before),
        parameters.activation == .none, canPrecede(before, parameters, chain)
      {
        chain.absorbed += pending + [index, before]
        chain.products.insert((before, kind), at: 0)
        chain.source = graph.nodes[before].operands[0]
        pending = []
        value = chain.source
        continue
      } else if chain.windows == nil, let parameters = product(index),
        canPrecede(index, parameters, chain)
      {
        chain.absorbed += pending + [index]
        chain.products.insert((index, parameters.activation), at: 0)
        chain.source = node.operands[0]
        pending = []
      } else if case .windowPartition(let window) = node.op, chain.windows == nil {
        let image = sizes(node.operands[0])
        chain.windows = WindowRows(
          order: .windows, height: image[1], width: image[2], window: window)
        chain.absorbed += pending + [index]
        chain.source = node.operands[0]
        pending = []
      } else {
        return
      }
      value = node.operands[0]
    }
  }

  private func canPrecede(_ index: Int, _ parameters: Linear, _ chain: ChainPattern) -> Bool {
    !parameters.hasResidual && chain.products.count < Self.mostProducts
      && users[graph.nodes[index].result.index].count == 1
      && !isOutput[graph.nodes[index].result.index]
  }

  // MARK: Convolutions

  /// Convolutions whose only user adds something of the same shape, by the position of the sum.
  func convolutionShortcuts() -> [Int: ConvolutionShortcut] {
    var found: [Int: ConvolutionShortcut] = [:]
    for (index, node) in graph.nodes.enumerated() where running[index] {
      guard case .conv2d(let parameters) = node.op, parameters.groups == 1,
        let next = onlyUser(of: node.result), case .add = graph.nodes[next].op
      else { continue }
      let sum = graph.nodes[next]
      let other = sum.operands[0] == node.result ? sum.operands[1] : sum.operands[0]
      guard sizes(other) == sizes(sum.result), sizes(node.result) == sizes(sum.result),
        found[next] == nil
      else { continue }
      found[next] = ConvolutionShortcut(convolution: index, residual: other)
    }
    return found
  }

  // MARK: Norms

  /// A LayerNorm is computed by each chain that reads it, if nothing else does; else it keeps its
  /// step and the chains start after it.
  private func shareNorms(_ chains: inout [Int: ChainPattern]) {
    var readers: [Int: Int] = [:]
    for chain in chains.values { if let norm = chain.norm { readers[norm, default: 0] += 1 } }
    for (end, chain) in chains {
      guard let norm = chain.norm else { continue }
      let result = graph.nodes[norm].result
      if isOutput[result.index] || users[result.index].count != readers[norm] {
        chains[end]?.norm = nil
        chains[end]?.source = result
      }
    }
  }
}
