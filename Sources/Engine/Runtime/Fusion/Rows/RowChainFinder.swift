internal import Graph

extension Fusion {
  /// Products of rows with the norms, windows, activations, residuals, pools and rotations around
  /// them.
  static let rowChains = Fusion(name: "row chains") { search in
    var finder = RowChainFinder(search)
    for chain in finder.find().values { search.claim(.rows(chain)) }
  }
}

/// Finds the row chains of a bound graph.
///
/// Products are taken from the last to the first, so that each chain is as long as it can be.
private struct RowChainFinder {
  let uses: GraphUses
  /// Nodes that belong to a chain, or run otherwise.
  private var claimed: Set<Int>

  private var graph: Graph { uses.graph }

  /// Rows below which a float product is better split by columns.
  private static let minimumFloatRows = 96
  /// Products in one chain.
  private static let maximumProducts = 3

  init(_ search: FusionSearch) {
    uses = search.uses
    claimed = search.absorbed.union(search.found.keys)
  }

  /// The chains by the position of their end.
  mutating func find() -> [Int: RowChainPattern] {
    var chains: [Int: RowChainPattern] = [:]
    for index in graph.nodes.indices.reversed()
    where uses.isRunning[index] && !claimed.contains(index) {
      guard let parameters = product(index) else { continue }
      var chain = RowChainPattern(
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

  // MARK: Links

  /// The parameters of a product that can be part of a chain.
  private func product(_ index: Int) -> Linear? {
    let node = graph.nodes[index]
    switch node.op {
    case .quantizedLinear(let parameters): return parameters
    case .linear(let parameters):
      let shape = sizes(node.result)
      return shape.dropLast().reduce(1, *) >= Self.minimumFloatRows ? parameters : nil
    default: return nil
    }
  }

  private func sizes(_ value: ValueID) -> [Int] { uses.sizes(of: value) }

  /// The sole consumer of the value, if no chain has it yet.
  private func consumer(of value: ValueID) -> Int? {
    uses.soleConsumer(of: value).flatMap { claimed.contains($0) ? nil : $0 }
  }

  /// The node that computes the value, if this plan runs it and no chain has it yet.
  private func producer(of value: ValueID) -> Int? {
    uses.producer(of: value).flatMap { claimed.contains($0) ? nil : $0 }
  }

  // MARK: Forward

  /// Takes the nodes after the product: an activation, a merge of windows, a residual, a pool or a
  /// rotation.
  private func extendForward(_ chain: inout RowChainPattern) {
    guard chain.residual == nil else { return }
    var value = graph.nodes[chain.end].result
    // A reshape is absorbed only together with an operator that follows it.
    var pending: [Int] = []
    while let next = consumer(of: value) {
      let node = graph.nodes[next]
      switch node.op {
      case .reshape where uses.keepsRows(next): pending.append(next)
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

  private func take(_ index: Int, _ pending: inout [Int], _ chain: inout RowChainPattern) {
    chain.absorbed += pending + [chain.end]
    chain.end = index
    pending = []
  }

  // MARK: Backward

  /// Takes products, windows and a LayerNorm in front of the first product.
  private func extendBackward(_ chain: inout RowChainPattern) {
    var value = chain.source
    var pending: [Int] = []
    while let index = producer(of: value) {
      let node = graph.nodes[index]
      if case .layerNorm = node.op {
        chain.norm = index
        chain.absorbed += pending
        chain.source = node.operands[0]
        return
      }
      guard uses.soleConsumer(of: value) != nil else { return }
      if uses.keepsRows(index) {
        pending.append(index)
      } else if case .activation(let kind) = node.op, chain.windows == nil,
        let before = producer(of: node.operands[0]), let parameters = product(before),
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

  private func canPrecede(_ index: Int, _ parameters: Linear, _ chain: RowChainPattern) -> Bool {
    !parameters.hasResidual && chain.products.count < Self.maximumProducts
      && uses.soleConsumer(of: graph.nodes[index].result) != nil
  }

  // MARK: Norms

  /// A LayerNorm is computed by each chain that reads it, if nothing else does; otherwise it keeps
  /// its own step and the chains start after it.
  private func shareNorms(_ chains: inout [Int: RowChainPattern]) {
    var readers: [Int: Int] = [:]
    for chain in chains.values { if let norm = chain.norm { readers[norm, default: 0] += 1 } }
    for (end, chain) in chains {
      guard let norm = chain.norm else { continue }
      let result = graph.nodes[norm].result
      if uses.isKept(result) || uses.consumers(of: result).count != readers[norm] {
        chains[end]?.norm = nil
        chains[end]?.source = result
      }
    }
  }
}
