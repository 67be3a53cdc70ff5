internal import Graph

/// Attention within windows that runs as one step: a few windows go from the map through norm,
/// projection, attention and the projection back to their places in the map, inside one thread's
/// scratch.
///
/// Queries, keys and values of a whole map would be the largest thing in memory: 75 MB on the first
/// stage of an encoder for 1024 x 1024, and as much again with pooled queries. Every row meets the
/// same kernels as in steps of their own, so the numbers are the same.
struct WindowChain {
  /// From rows of the map, in windows, to queries, keys and values side by side.
  var head: RowChain
  var attention: WindowAttention
  /// From attended rows to the map; its source is not in the step's operands.
  var tail: RowChain

  /// Multiply-accumulates for `windows` windows, places outside the image included.
  func work(windows: Int) -> Work {
    let rows = windows * attention.keyCount
    let queries = windows * attention.queryCount
    var work = head.work(rows: rows)
    for product in tail.products {
      let count = Double(queries * product.packed.columns) * Double(product.packed.depth)
      if product.isQuantized { work.int8 += count } else { work.float += count }
    }
    let products =
      Double(queries * attention.keyCount) * Double(attention.queryWidth + attention.valueWidth)
    if attention.isQuantized { work.int8 += products } else { work.float += products }
    return work
  }
}

/// The attention of a window chain; queries, keys and values are columns of the same rows.
struct WindowAttention {
  let isQuantized: Bool
  let heads: Int
  let scale: Float
  /// Side of a window of keys, and the window over which queries are pooled: 1 leaves them.
  let side: Int
  let pool: Int
  /// First columns.
  let query: Int
  let key: Int
  let value: Int
  /// Columns of queries (and keys), and of values, all heads together.
  let queryWidth: Int
  let valueWidth: Int

  var querySide: Int { side / pool }
  var keyCount: Int { side * side }
  var queryCount: Int { querySide * querySide }
}

/// A window chain found in a graph.
struct WindowChainPattern {
  let head: ChainPattern
  let attention: WindowAttention
  let tail: ChainPattern
  /// Windows of all maps together.
  let windowCount: Int
  /// Nodes that have no step of their own any more; those of the tail have none already.
  let absorbed: [Int]
}

/// Finds the attention between two row chains, of which the first cuts a map into windows and the
/// second puts it together.
struct WindowChainFinder {
  let graph: Graph
  let users: [[Int]]
  let isOutput: [Bool]

  /// Bytes of a window's rows between its products, above which it would not stay in a core's L2.
  private static let mostBytes = 393_216

  /// The pattern that ends as `tail` does, where `heads` are the chains by their ends.
  func find(_ tail: ChainPattern, heads: [Int: ChainPattern]) -> WindowChainPattern? {
    guard let merge = tail.windows, merge.order == .image, tail.norm == nil, tail.pool == nil,
      tail.rotation == nil,
      let (attended, reshapes) = maker(of: tail.source),
      let form = form(of: graph.nodes[attended].op),
      let query = part(graph.nodes[attended].operands[0]),
      let key = part(graph.nodes[attended].operands[1]),
      let value = part(graph.nodes[attended].operands[2]),
      key.pool == 1, value.pool == 1, query.source == key.source, key.source == value.source,
      let start = producer(of: query.source), let head = heads[start],
      let cut = head.windows, cut.order == .windows, head.residual == nil, head.pool == nil,
      head.rotation == nil,
      users[query.source.index].count == 3, !isOutput[query.source.index]
    else { return nil }
    let attention = WindowAttention(
      isQuantized: form.isQuantized, heads: form.heads, scale: form.scale, side: cut.window,
      pool: query.pool, query: query.column, key: key.column, value: value.column,
      queryWidth: query.width, valueWidth: value.width)
    let rows = sizes(query.source).dropLast().reduce(1, *)
    let windowCount = rows / attention.keyCount
    guard cut.window % query.pool == 0, merge.window == attention.querySide,
      sizes(graph.nodes[attended].operands[0]).prefix(2) == [windowCount, attention.queryCount],
      sizes(graph.nodes[attended].operands[1]).prefix(2) == [windowCount, attention.keyCount],
      attention.keyCount * (sizes(query.source).last ?? 0) * 4 <= Self.mostBytes,
      // The tail's rows take the place of queries, keys and values.
      attention.queryCount * (sizes(graph.nodes[tail.end].result).last ?? 0)
        <= attention.keyCount * (sizes(query.source).last ?? 0)
    else { return nil }
    return WindowChainPattern(
      head: head, attention: attention, tail: tail, windowCount: windowCount,
      absorbed: reshapes + [attended] + query.nodes + key.nodes + value.nodes + [head.end])
  }

  private func sizes(_ value: ValueID) -> [Int] {
    graph[value].type.shape.map { $0.fixed ?? 0 }
  }

  private func form(of op: Op) -> (isQuantized: Bool, heads: Int, scale: Float)? {
    switch op {
    case .attention(let heads, let scale): (false, heads, scale)
    case .quantizedAttention(let heads, let scale): (true, heads, scale)
    default: nil
    }
  }

  // MARK: Backwards

  private func producer(of value: ValueID) -> Int? {
    if case .node(let index) = graph[value].definition { index } else { nil }
  }

  /// Node `index`, when nothing but the next node of the chain depends on its result.
  private func link(_ value: ValueID) -> Int? {
    guard !isOutput[value.index], users[value.index].count == 1 else { return nil }
    return producer(of: value)
  }

  /// The attention behind `value`, and the reshapes on the way that keep its rows.
  private func maker(of value: ValueID) -> (node: Int, reshapes: [Int])? {
    var (value, reshapes) = (value, [Int]())
    while let index = link(value) {
      let node = graph.nodes[index]
      guard case .reshape = node.op, sizes(node.result).last == sizes(node.operands[0]).last
      else { return (index, reshapes) }
      reshapes.append(index)
      value = node.operands[0]
    }
    return nil
  }

  /// An operand of the attention as columns of what it is cut from.
  private struct Part {
    var source: ValueID
    var column = 0
    var width: Int
    var pool = 1
    var nodes: [Int] = []
  }

  private func part(_ operand: ValueID) -> Part? {
    var part = Part(source: operand, width: sizes(operand).last ?? 0)
    while let index = link(part.source) {
      let node = graph.nodes[index]
      switch node.op {
      case .reshape where sizes(node.result).last == sizes(node.operands[0]).last: break
      case .maxPool(let window) where part.pool == 1: part.pool = window
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
