internal import Bytes
internal import Graph
internal import Passes

/// Rewrites int8 attention over keys projected from grid tokens so that it reads the tokens.
///
/// Before: `k = rotate_pairs(quantized_linear(m), cosine, sine)`,
/// `y = quantized_attention(q, k, v)` with one head. After: `y = axial_attention(q, m, v)`, which
/// takes the product's weight. Conditions: nothing else uses `k` or the product it rotates; nothing
/// is fused into the product; both tables are `rotary_table` of one grid; keys have more than twice
/// as many channels as tokens, since otherwise a score takes as much work. Algebra: half of a key's
/// channels rotate with the row alone and half with the column alone, so
/// q R[x, y] (w m + b) = (qx Rx[x] wx + qy Ry[y] wy) m + ...: for each query, two vectors as long
/// as a token, one computed once per column and the other once per row.
///
/// SAM 2's memory has 64 channels and its keys have 256, so each score takes half as many products,
/// and the projection of the memory is no longer needed.
struct AxialAttentionRewriting {
  private let rewriter: Rewriter
  private var graph: Graph { rewriter.source }

  private init(_ graph: Graph) { rewriter = Rewriter(graph) }

  static func rewrite(_ graph: Graph) throws(Failure) -> Graph {
    let finder = AxialAttentionRewriting(graph)
    var keys: [ValueID: Keys] = [:]
    for node in graph.nodes { keys[node.result] = finder.keys(of: node) }
    guard !keys.isEmpty else { return graph }
    let absorbed = Set(keys.values.flatMap { [$0.product.result, $0.rotation.result] })
    var rewriter = Rewriter(graph)
    for node in graph.nodes where !absorbed.contains(node.result) {
      guard let keys = keys[node.result] else {
        try rewriter.copy(node)
        continue
      }
      var operands: [ValueID] = []
      let (query, values) = (node.operands[0], node.operands[2])
      for operand in [query, keys.product.operands[0], values] + keys.product.operands.dropFirst() {
        operands.append(try rewriter.map(operand))
      }
      let result = try rewriter.add(.axialAttention(keys.attention), operands, label: node.label)
      rewriter.replace(node.result, with: result)
    }
    // Removes rotary tables that have no other user.
    var unchanged = WeightTable()
    return try Pass.eliminateDeadCode.rewrite(rewriter.finish(), &unchanged)
  }

  // MARK: Finding

  /// The nodes that compute the keys of an attention, and the attention that replaces them.
  private struct Keys {
    let product: Graph.Node
    let rotation: Graph.Node
    let attention: AxialAttention
  }

  private func keys(of node: Graph.Node) -> Keys? {
    guard case .quantizedAttention(heads: 1, let scale) = node.op,
      let rotation = rewriter.soleProducer(of: node.operands[1]),
      case .rotatePairs(let rotated) = rotation.op,
      let product = rewriter.soleProducer(of: rotation.operands[0]),
      case .quantizedLinear(let parameters) = product.op,
      parameters.activation == .none, !parameters.hasResidual,
      product.operands.dropFirst().allSatisfy({ graph.weightName($0) != nil }),
      let depth = graph[product.result].type.shape.last?.fixed,
      let channels = graph[product.operands[0]].type.shape.last?.fixed,
      depth > 2 * channels, depth % 32 == 0, channels > 0, channels % 16 == 0,
      let table = table(of: rotation), table.pairs == depth / 2,
      rotated.fixed.map({ $0 % (table.height * table.width) == 0 }) ?? true
    else { return nil }
    return Keys(
      product: product, rotation: rotation,
      attention: AxialAttention(
        scale: scale, height: table.height, width: table.width, theta: table.theta,
        rotated: rotated, hasBias: parameters.hasBias))
  }

  /// The cosine table of a rotation, if its sine table covers the same angles.
  private func table(of rotation: Graph.Node) -> RotaryTable? {
    guard case .rotaryTable(let cosine) = rewriter.producer(of: rotation.operands[1])?.op,
      case .rotaryTable(let sine) = rewriter.producer(of: rotation.operands[2])?.op,
      cosine.part == .cosine, cosine.height > 0, cosine.width > 0,
      cosine.theta > 0, cosine.theta.isFinite
    else { return nil }
    var other = cosine
    other.part = .sine
    return sine == other ? cosine : nil
  }
}

extension AxialAttention {
  /// The product that computes keys from tokens.
  var product: Linear { Linear(hasBias: hasBias) }

  /// The rotary table for keys of `depth` channels.
  func table(_ part: RotaryTable.Part, depth: Int) -> RotaryTable {
    RotaryTable(height: height, width: width, pairs: depth / 2, theta: theta, part: part)
  }
}

extension Graph {
  /// Labels of the product and the rotation that an axial attention replaces.
  func keyLabels(of node: Node) -> (product: String, rotation: String) {
    let weight = weightName(node.operands[3]) ?? node.label
    let isNamed = weight.hasSuffix(".weight")
    return (isNamed ? String(weight.dropLast(7)) : weight, node.label + ".rotary")
  }
}
