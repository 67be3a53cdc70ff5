internal import Bytes
internal import CKernels
internal import Graph

extension Planner {
  mutating func plan(_ pattern: WindowAttentionPattern) throws(Failure) {
    var operands = [try read(pattern.head.source)]
    let head = try rowChain(pattern.head, &operands)
    let tail = try rowChain(pattern.tail, &operands)
    let (arithmetic, heads, scale) = try attention(at: pattern.attention)
    let windows = WindowAttention(
      head: head, columns: pattern.columns, tail: tail, merge: pattern.merge,
      layout: WindowLayout(
        head: head, columns: pattern.columns, tail: tail, windowCount: pattern.windowCount))
    append(
      .attention(
        AttentionStep(
          arithmetic: arithmetic, heads: heads, scale: scale, keys: .windows(windows))),
      operands, computing: pattern.tail.end, absorbing: pattern.absorbed,
      label: graph.nodes[pattern.head.products[0].node].label,
      overwriting: windows.overwritten(operands))
  }

  mutating func plan(_ pattern: ComputedKeysPattern) throws(Failure) {
    let node = graph.nodes[pattern.attention]
    let (arithmetic, heads, scale) = try attention(at: pattern.attention)
    var operands = [try read(pattern.source)]
    let chain = try rowChain(pattern.chain, &operands)
    let query = try read(node.operands[0], &operands)
    let values = try read(node.operands[2], &operands)
    let codes = try pattern.sum.map { (sum) throws(Failure) in try read(sum.codes, &operands) }
    let keys = ComputedKeys(chain: chain, codes: codes, query: query, values: values)
    append(
      .attention(
        AttentionStep(arithmetic: arithmetic, heads: heads, scale: scale, keys: .chain(keys))),
      operands, computing: pattern.attention, absorbing: pattern.absorbed, label: node.label)
  }

  mutating func plan(_ pattern: CodedTokensPattern) throws(Failure) {
    try planAxialAttention(pattern.attention, sum: pattern.sum)
  }

  /// The attention of rows at `index`.
  func attention(
    at index: Int
  ) throws(Failure) -> (arithmetic: AttentionStep.Arithmetic, heads: Int, scale: Float) {
    switch graph.nodes[index].op {
    case .attention(let heads, let scale): return (.float, heads, scale)
    case .quantizedAttention(let heads, let scale): return (.int8, heads, scale)
    default: throw excluded("\(graph.nodes[index].op.name) as an attention", at: index)
    }
  }

  // MARK: Axial attention

  /// Plans the axial attention at `index`, after the rounding of its tokens if no step before has
  /// rounded them; with `sum` they are computed as they are rounded.
  mutating func planAxialAttention(_ index: Int, sum: CodedRows? = nil) throws(Failure) {
    let node = graph.nodes[index]
    guard case .axialAttention(let parameters) = node.op,
      case .axial(let projection) = try packedWeight(at: index)
    else { throw excluded("\(node.op.name) as an axial attention", at: index) }
    let key = RoundedTokensKey(
      tokens: sum?.rows ?? node.operands[1], values: node.operands[2], codes: sum?.codes,
      grid: AxialGrid(parameters), rotated: parameters.rotated.fixed ?? 0,
      depth: projection.depth)
    let rounding: TokenRounding
    let rounded: View
    if let known = roundedTokens[key] {
      (rounding, rounded) = known
    } else {
      rounding = tokenRounding(key)
      rounded = try appendRounding(rounding, key, label: node.label)
      roundedTokens[key] = (rounding, rounded)
    }
    extend(rounded)
    append(
      .attention(
        AttentionStep(
          arithmetic: .int8, heads: 1, scale: parameters.scale,
          keys: .tokens(AxialKeys(tokens: rounding, projection: projection)))),
      [try read(node.operands[0]), rounded], computing: index,
      absorbing: sum.map { [$0.node] } ?? [], label: node.label)
  }

  private func tokenRounding(_ key: RoundedTokensKey) -> TokenRounding {
    let (tokens, values) = (sizes(key.tokens), sizes(key.values))
    var task = key.grid.task(depth: key.depth, channels: tokens[2])
    task.value_depth = values[2]
    task.frames = key.rotated / (key.grid.height * key.grid.width)
    task.rest = tokens[1] - key.rotated
    return TokenRounding(
      grid: key.grid, depth: key.depth, channels: tokens[2], valueDepth: values[2],
      frames: task.frames, rest: task.rest, items: tokens[0], addsCodes: key.codes != nil,
      itemBytes: aligned(constants.kernels.pointee.axial_s8_prepared_bytes(&task)))
  }
}

extension WindowAttention {
  /// The operand that the result may be written over: a task reads and writes the pixels of its own
  /// windows, unless queries are pooled.
  fileprivate func overwritten(_ operands: [View]) -> Int? {
    guard let residual = tail.residual else { return nil }
    let isApart = !operands[0].sharesBuffer(with: operands[residual])
    return isApart || columns.pool == 1 ? residual : nil
  }
}
