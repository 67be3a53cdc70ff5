internal import Graph

extension Fusion {
  /// Attention between a few tokens and the cells of an image, with its projections.
  ///
  /// Algebra, not just another order of steps: `ExecutionStage.moveProjectionsToTokens` is its name
  /// among the stages of the pipeline.
  static let tokenAttention = Fusion(name: "token attention", changesNumbers: true) { search in
    for pattern in TokenAttentionFinder(search).find().values { search.claim(.tokens(pattern)) }
  }
}

/// Finds attention between few tokens and many cells in a bound graph.
private struct TokenAttentionFinder {
  private let search: FusionSearch

  private var uses: GraphUses { search.uses }
  private var graph: Graph { search.graph }
  /// Width of the kernels' vectors.
  private var lanes: Int { search.lanes }

  init(_ search: FusionSearch) { self.search = search }

  /// Cells per token above which the tokens' side is cheaper.
  private static let minimumCellsPerToken = 8

  /// The patterns by the position of their end.
  func find() -> [Int: TokenAttentionPattern] {
    var found: [Int: TokenAttentionPattern] = [:]
    // The output projection of one attention may look like the key projection of the next.
    var claimed: Set<Int> = []
    for (index, node) in graph.nodes.enumerated() where isFree(index) {
      guard case .attention(let heads, let scale) = node.op else { continue }
      let (queries, keys) = (sizes(node.operands[0]), sizes(node.operands[1]))
      guard sizes(node.operands[2])[2] == keys[2], min(queries[1], keys[1]) > 0 else { continue }
      let readsCells = queries[1] < keys[1]
      let size = TokenSizes(
        heads: heads, width: keys[2], tokens: min(queries[1], keys[1]),
        cells: max(queries[1], keys[1]), lanes: lanes)
      // More columns than channels would be more work than projecting the cells.
      guard let size, size.columns <= keys[2], size.cells >= size.tokens * Self.minimumCellsPerToken
      else { continue }
      let pattern =
        readsCells
        ? reading(index, size, scale, claimed) : update(index, size, scale, claimed)
      guard let pattern, claimed.isDisjoint(with: pattern.absorbed + [pattern.end]) else {
        continue
      }
      claimed.formUnion(pattern.absorbed + [pattern.end])
      found[pattern.end] = pattern
    }
    absorbSums(&found)
    return found
  }

  private func reading(
    _ index: Int, _ size: TokenSizes, _ scale: Float, _ claimed: Set<Int>
  ) -> TokenAttentionPattern? {
    let node = graph.nodes[index]
    let cells = [projected(node.operands[1], claimed), projected(node.operands[2], claimed)]
    guard cells.allSatisfy({ sizes($0.source)[2] % lanes == 0 && $0.source != node.operands[0] })
    else { return nil }
    return TokenAttentionPattern(
      size: size, scale: scale, attention: index, cells: cells, end: index,
      absorbed: cells.compactMap(\.product))
  }

  private func update(
    _ index: Int, _ size: TokenSizes, _ scale: Float, _ claimed: Set<Int>
  ) -> TokenAttentionPattern? {
    let node = graph.nodes[index]
    let queries = projected(node.operands[0], claimed)
    guard sizes(queries.source)[2] % lanes == 0, let output = soleConsumer(of: node.result),
      let parameters = product(output), graph.nodes[output].operands[0] == node.result
    else { return nil }
    var pattern = TokenAttentionPattern(
      size: size, scale: scale, attention: index, cells: [queries], output: output, end: output,
      absorbed: [index] + [queries.product].compactMap { $0 })
    if parameters.hasResidual { pattern.residual = graph.nodes[output].operands.last }
    while let next = soleConsumer(of: graph.nodes[pattern.end].result), pattern.norm == nil {
      let (follower, value) = (graph.nodes[next], graph.nodes[pattern.end].result)
      switch follower.op {
      case .add where pattern.residual == nil:
        let other = follower.operands[0] == value ? follower.operands[1] : follower.operands[0]
        guard other != value, sizes(other) == sizes(value) else { return pattern }
        pattern.residual = other
      case .layerNorm where follower.operands[0] == value: pattern.norm = next
      default: return pattern
      }
      pattern.absorbed.append(pattern.end)
      pattern.end = next
    }
    return pattern
  }

  /// Sums with positions that nothing reads any more are not computed.
  private func absorbSums(_ patterns: inout [Int: TokenAttentionPattern]) {
    let absorbed = Set(patterns.values.flatMap(\.absorbed))
    // A step may read a sum as it is, through a node that it absorbed.
    let read = Set(
      patterns.values.flatMap { $0.cells.map(\.source) + [$0.residual].compactMap { $0 } })
    for (end, pattern) in patterns {
      for sum in pattern.cells.compactMap(\.sum) {
        let result = graph.nodes[sum].result
        guard !read.contains(result),
          uses.consumers(of: result).allSatisfy(absorbed.contains)
        else { continue }
        patterns[end]?.absorbed.append(sum)
      }
    }
  }

  // MARK: - Parts

  /// The values that the cells' rows are computed from, as far as only this step needs the
  /// intermediate results.
  ///
  /// A sum that belongs to another step, of the nodes `claimed` or of another fusion, is taken whole:
  /// its parts may never be stored.
  private func projected(
    _ value: ValueID, _ claimed: Set<Int>
  ) -> TokenAttentionPattern.Projected {
    let plain = TokenAttentionPattern.Projected(source: value)
    guard let index = uses.soleProducer(of: value), isFree(index),
      let parameters = product(index), !parameters.hasResidual
    else { return plain }
    let source = graph.nodes[index].operands[0]
    guard sizes(source).count == 3 else { return plain }
    var found = TokenAttentionPattern.Projected(source: source, product: index)
    if let sum = uses.producer(of: source), case .add = graph.nodes[sum].op, !uses.isKept(source),
      isFree(sum), !claimed.contains(sum)
    {
      let (image, position) = (graph.nodes[sum].operands[0], graph.nodes[sum].operands[1])
      let (whole, shape) = (sizes(source), sizes(position))
      // Of two equal sums' parts either may be the position.
      if sizes(image) == whole, shape.count == 3, shape[0] == 1 || shape[0] == whole[0],
        shape.dropFirst() == whole.dropFirst()
      {
        (found.source, found.position, found.sum) = (image, position, sum)
      }
    }
    return found
  }

  /// A bare product by an entry of the weight table: a computed weight cannot be packed by heads.
  private func product(_ index: Int) -> Linear? {
    guard case .linear(let parameters) = graph.nodes[index].op, parameters.activation == .none,
      PackedSource(graph.nodes[index].operands[1], in: graph) != nil
    else { return nil }
    return parameters
  }

  private func sizes(_ value: ValueID) -> [Int] { uses.sizes(of: value) }

  private func isFree(_ node: Int) -> Bool { uses.isRunning[node] && !search.isClaimed(node) }

  private func soleConsumer(of value: ValueID) -> Int? {
    uses.soleConsumer(of: value).flatMap { isFree($0) ? $0 : nil }
  }
}
