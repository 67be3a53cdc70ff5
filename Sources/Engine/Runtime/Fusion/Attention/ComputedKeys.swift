internal import Graph

/// The keys of an int8 attention, computed on demand: a few tiles of rows pass through norm,
/// projection and rotary code inside one thread's scratch and are rounded at once.
///
/// The keys of a full memory bank would be 29 MB per object in float, written and read three times
/// per layer. Every row meets the same kernels as in separate steps, so the numbers are the same.
struct ComputedKeys {
  /// From rows of `operands[0]`, [B, keys, depth], to keys, rotated or not.
  let chain: RowChain
  /// Position of what is added to the rows first, [1 or B, keys, depth].
  let codes: Int?
  /// Positions in the step's operands.
  let query: Int
  let values: Int
}

/// Int8 attention whose keys a row chain computes for nothing else.
struct ComputedKeysPattern {
  let attention: Int
  let chain: RowChainPattern
  /// The source as a sum that is computed with the keys, and nowhere else.
  var sum: CodedRows?

  /// The value that the step reads as rows.
  var source: ValueID { sum?.rows ?? chain.source }

  var absorbed: [Int] { chain.allAbsorbed + [chain.end] + (sum.map { [$0.node] } ?? []) }
}

/// A sum of rows [B, keys, depth] and their codes [1 or B, keys, depth].
struct CodedRows {
  let node: Int
  let rows: ValueID
  let codes: ValueID

  /// The sum that `value`, the source of `readers` attentions, is; nil when something else reads it.
  init?(_ value: ValueID, readers: Int, _ uses: GraphUses) {
    guard !uses.isKept(value), uses.consumers(of: value).count == readers,
      let index = uses.producer(of: value), case .add = uses.graph.nodes[index].op
    else { return nil }
    let (a, b) = (uses.graph.nodes[index].operands[0], uses.graph.nodes[index].operands[1])
    let whole = uses.sizes(of: value)
    (node, rows, codes) = uses.sizes(of: a) == whole ? (index, a, b) : (index, b, a)
    let shape = uses.sizes(of: codes)
    guard uses.sizes(of: rows) == whole, shape.count == 3, whole.count == 3,
      [1, whole[0]].contains(shape[0]), shape.dropFirst() == whole.dropFirst()
    else { return nil }
  }
}

extension Fusion {
  /// Int8 attention that computes its keys, where nothing else needs them.
  static let computedKeys = Fusion(name: "computed keys") { search in
    let chains = search.rowChains
    var found: [ComputedKeysPattern] = []
    for index in search.freeNodes {
      guard let keys = ComputedKeysPattern(search.uses, index, chains: chains) else { continue }
      search.takeOver(rowChainAt: keys.chain.end)
      found.append(keys)
    }
    for (source, readers) in Dictionary(grouping: found, by: \.chain.source) {
      let sum = CodedRows(source, readers: readers.count, search.uses)
        .flatMap { search.isClaimed($0.node) ? nil : $0 }
      // A norm that another chain reads too needs the sum there.
      let isShared = readers.contains { keys in
        keys.chain.norm.map { search.graph.nodes[$0].result }
          .map { search.uses.soleConsumer(of: $0) == nil } ?? false
      }
      for var keys in readers {
        keys.sum = isShared ? nil : sum
        search.claim(.keys(keys))
      }
    }
  }
}

extension ComputedKeysPattern {
  /// The pattern of the attention at `index`, where `chains` are the row chains by their ends.
  fileprivate init?(_ uses: GraphUses, _ index: Int, chains: [Int: RowChainPattern]) {
    let node = uses.graph.nodes[index]
    guard case .quantizedAttention = node.op,
      !AttentionOperands.isSmall(
        queries: uses.sizes(of: node.operands[0])[1], keys: uses.sizes(of: node.operands[1])[1]),
      let producer = uses.soleProducer(of: node.operands[1]), let chain = chains[producer],
      chain.windows == nil, chain.pool == nil, chain.residual == nil,
      uses.sizes(of: chain.source).count == 3,
      uses.sizes(of: chain.source).prefix(2) == uses.sizes(of: node.operands[1]).prefix(2)
    else { return nil }
    (attention, self.chain) = (index, chain)
  }
}
