internal import Graph

/// Int8 attention to many keys that are made as they are needed: some tiles of rows go through norm,
/// projection and rotary code inside one thread's scratch and are rounded at once.
///
/// A full bank's keys would be 29 MB an object in float, written and read three times each layer.
/// Every row meets the same kernels as in steps of its own, so the numbers are the same.
struct KeyChain {
  /// From rows of `operands[0]`, [B, keys, depth], to keys, rotated or not.
  let chain: RowChain
  let layout: ChainLayout
  /// Position of what is added to the rows first, [1 or B, keys, depth].
  let codes: Int?
  /// Positions in the step's operands.
  let query: Int
  let values: Int
  let heads: Int
  let scale: Float

  /// Multiply-accumulates for `queries` numbers of queries and `results` numbers of results.
  func work(items: Int, keys: Int, queries: Int, results: Int) -> Work {
    var work = chain.work(rows: items * keys)
    work.int8 += Double(keys) * Double(queries + results)
    return work
  }
}

/// A key chain found in a graph.
struct KeyChainPattern {
  let attention: Int
  let chain: ChainPattern
  /// The source as a sum that is made with the keys, and is nowhere else.
  var sum: KeySum?

  /// What the step reads as rows.
  var source: ValueID { sum?.rows ?? chain.source }
}

/// A sum of rows [B, keys, depth] and their codes [1 or B, keys, depth] that only key chains read.
struct KeySum {
  let node: Int
  let rows: ValueID
  let codes: ValueID
}

/// Finds int8 attention whose keys a row chain makes for nothing else.
struct KeyChainFinder {
  let graph: Graph
  let users: [[Int]]
  let isOutput: [Bool]

  /// The pattern of the attention at `index`, where `chains` are the row chains by their ends.
  func find(_ index: Int, chains: [Int: ChainPattern]) -> KeyChainPattern? {
    let node = graph.nodes[index]
    guard case .quantizedAttention = node.op,
      !AttentionOperands.isSmall(
        queries: sizes(node.operands[0])[1], keys: sizes(node.operands[1])[1]),
      let maker = link(node.operands[1]), let chain = chains[maker], chain.windows == nil,
      chain.pool == nil, chain.residual == nil, sizes(chain.source).count == 3,
      sizes(chain.source).prefix(2) == sizes(node.operands[1]).prefix(2)
    else { return nil }
    return KeyChainPattern(attention: index, chain: chain)
  }

  /// The sum that `value`, the source of `readers` chains, is; nil when something else reads it.
  func sum(_ value: ValueID, readers: Int) -> KeySum? {
    guard !isOutput[value.index], users[value.index].count == readers,
      case .node(let index) = graph[value].definition, case .add = graph.nodes[index].op
    else { return nil }
    let (a, b) = (graph.nodes[index].operands[0], graph.nodes[index].operands[1])
    let (rows, codes) = sizes(a) == sizes(value) ? (a, b) : (b, a)
    let isWhole = sizes(codes).count == 3 && [1, sizes(value)[0]].contains(sizes(codes)[0])
    guard sizes(rows) == sizes(value), isWhole,
      sizes(codes).dropFirst() == sizes(value).dropFirst()
    else { return nil }
    return KeySum(node: index, rows: rows, codes: codes)
  }

  private func sizes(_ value: ValueID) -> [Int] {
    graph[value].type.shape.map { $0.fixed ?? 0 }
  }

  /// The node that makes `value`, when only one other reads it.
  private func link(_ value: ValueID) -> Int? {
    guard !isOutput[value.index], users[value.index].count == 1,
      case .node(let index) = graph[value].definition
    else { return nil }
    return index
  }
}
