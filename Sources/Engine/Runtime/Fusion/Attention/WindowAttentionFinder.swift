internal import Graph

extension Fusion {
  /// Attention within windows, with the row chains before and after it.
  static let windowAttention = Fusion(name: "window attention") { search in
    let chains = search.rowChains
    let finder = WindowAttentionFinder(uses: search.uses)
    for end in chains.keys.sorted() {
      guard let found = chains[end].flatMap({ finder.find($0, heads: search.rowChains) }),
        !found.between.contains(where: search.isClaimed)
      else { continue }
      search.takeOver(rowChainAt: found.head.end)
      search.claim(.windows(found))
    }
  }
}

/// Attention within windows found in a graph.
struct WindowAttentionPattern {
  let head: RowChainPattern
  /// Position of the attention.
  let attention: Int
  let columns: WindowColumns
  let tail: RowChainPattern
  let merge: WindowRows
  /// Windows of all maps together.
  let windowCount: Int
  /// Nodes between the chains, the attention among them.
  let between: [Int]

  var absorbed: [Int] { head.allAbsorbed + [head.end] + between + tail.allAbsorbed }
}

/// Finds the attention between two row chains, of which the first cuts a map into windows and the
/// second puts it together.
private struct WindowAttentionFinder {
  let uses: GraphUses

  private var graph: Graph { uses.graph }

  /// Bytes of a window's rows between its products, above which it would not stay in a core's L2.
  private static let maximumBytes = 393_216

  /// The pattern that ends as `tail` does, where `heads` are the chains by their ends.
  func find(_ tail: RowChainPattern, heads: [Int: RowChainPattern]) -> WindowAttentionPattern? {
    guard let merge = tail.windows, merge.order == .image, tail.norm == nil, tail.pool == nil,
      tail.rotation == nil,
      let (attended, reshapes) = source(of: tail.source),
      isAttention(graph.nodes[attended].op),
      let query = part(graph.nodes[attended].operands[0]),
      let key = part(graph.nodes[attended].operands[1]),
      let value = part(graph.nodes[attended].operands[2]),
      key.pooled.isEmpty, value.pooled.isEmpty, query.source == key.source,
      key.source == value.source,
      let start = uses.producer(of: query.source), let head = heads[start],
      let cut = head.windows, cut.order == .windows, head.residual == nil, head.pool == nil,
      head.rotation == nil,
      uses.consumers(of: query.source).count == 3, !uses.isKept(query.source)
    else { return nil }
    let columns = WindowColumns(
      side: cut.window, pool: query.pool, query: query.column, key: key.column,
      value: value.column, queryWidth: query.width, valueWidth: value.width)
    let rows = sizes(query.source).dropLast().reduce(1, *)
    let windowCount = rows / columns.keyCount
    guard cut.window % query.pool == 0, merge.window == columns.querySide,
      query.pooled.isEmpty
        || query.pooled == [windowCount, cut.window, cut.window, query.width],
      sizes(graph.nodes[attended].operands[0]).prefix(2) == [windowCount, columns.queryCount],
      sizes(graph.nodes[attended].operands[1]).prefix(2) == [windowCount, columns.keyCount],
      columns.keyCount * (sizes(query.source).last ?? 0) * 4 <= Self.maximumBytes,
      // The tail's rows replace queries, keys and values in scratch.
      columns.queryCount * (sizes(graph.nodes[tail.end].result).last ?? 0)
        <= columns.keyCount * (sizes(query.source).last ?? 0)
    else { return nil }
    return WindowAttentionPattern(
      head: head, attention: attended, columns: columns, tail: tail, merge: merge,
      windowCount: windowCount,
      between: reshapes + [attended] + query.nodes + key.nodes + value.nodes)
  }

  private func sizes(_ value: ValueID) -> [Int] { uses.sizes(of: value) }

  private func isAttention(_ op: Op) -> Bool {
    switch op {
    case .attention, .quantizedAttention: true
    default: false
    }
  }

  // MARK: Backwards

  /// The node that computes `value`, and the reshapes in between that keep its rows.
  private func source(of value: ValueID) -> (node: Int, reshapes: [Int])? {
    var (value, reshapes) = (value, [Int]())
    while let index = uses.soleProducer(of: value) {
      let node = graph.nodes[index]
      guard uses.keepsRows(index) else { return (index, reshapes) }
      reshapes.append(index)
      value = node.operands[0]
    }
    return nil
  }

  /// An operand of the attention as columns of the rows that it is a slice of.
  private struct Part {
    var source: ValueID
    var column = 0
    var width: Int
    var pool = 1
    /// Shape of the map that is pooled; empty when none is.
    var pooled: [Int] = []
    var nodes: [Int] = []
  }

  private func part(_ operand: ValueID) -> Part? {
    var part = Part(source: operand, width: sizes(operand).last ?? 0)
    while let index = uses.soleProducer(of: part.source) {
      let node = graph.nodes[index]
      switch node.op {
      case .reshape where uses.keepsRows(index): break
      case .maxPool(let window) where part.pooled.isEmpty:
        (part.pool, part.pooled) = (window, sizes(node.operands[0]))
      case .slice(let axis, let start, _) where axis == sizes(node.result).count - 1:
        guard let start = start.fixed else { return nil }
        part.column = start
        part.nodes.append(index)
        part.source = node.operands[0]
        return part
      default: return nil
      }
      part.nodes.append(index)
      part.source = node.operands[0]
    }
    return nil
  }
}
