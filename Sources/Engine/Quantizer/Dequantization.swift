public import Bytes
public import Graph
internal import Passes
internal import Tensors

/// Removes int8 from a model, so that it can be quantised again.
///
/// Its weights become the floats that the integers represent, and its products and attention run in
/// float. The rounding error remains, and the values of weights before smoothing stay lost.
public enum Dequantization {
  /// The first int8 weight of a model; nil when it has none.
  public static func int8Weight(of model: Model) -> String? {
    model.weights.names.first { model.weights[$0]?.dtype == .int8 }
  }

  /// - Throws: `quantize.scale` if an int8 weight lacks a scale for each of its rows, or if
  ///   something other than a product reads it.
  public static func floatingPoint(_ model: Model) throws(Failure) -> Model {
    var result = model
    var scales: Set<String> = []
    for name in model.weights.names {
      guard let tensor = model.weights[name], tensor.dtype == .int8 else { continue }
      let scale = Quantizer.scaleName(name)
      result.weights.set(name, try values(of: tensor, name, model.weights[scale]))
      scales.insert(scale)
    }
    for index in model.graphs.indices {
      result.graphs[index] = try rewrite(model.graphs[index])
    }
    let used = Set(result.graphs.flatMap(\.weightNames))
    result.weights.keepOnly(Set(result.weights.names).subtracting(scales.subtracting(used)))
    try result.verify()
    return result
  }

  private static func values(
    of tensor: Tensor, _ name: String, _ scale: Tensor?
  ) throws(Failure) -> Tensor {
    guard let scale, tensor.shape.rank > 0, scale.shape == Shape([tensor.shape[0]]) else {
      throw failure(name)
    }
    var values = tensor.floats()
    let depth = tensor.elementCount / max(1, tensor.shape[0])
    for (row, step) in scale.floats().enumerated() {
      for i in (row * depth)..<((row + 1) * depth) { values[i] *= step }
    }
    return Tensor(values, shape: tensor.shape)
  }

  private static func rewrite(_ graph: Graph) throws(Failure) -> Graph {
    var rewriter = Rewriter(graph)
    var tables: [RotaryTable: ValueID] = [:]
    for node in graph.nodes {
      switch node.op {
      case .quantizedLinear(let parameters):
        var operands = [try rewriter.map(node.operands[0]), try weight(node, 1, &rewriter)]
        for operand in node.operands.dropFirst(3) { operands.append(try rewriter.map(operand)) }
        try rewriter.replace(
          node.result, with: rewriter.add(.linear(parameters), operands, label: node.label))
      case .quantizedAttention(let heads, let scale):
        var operands: [ValueID] = []
        for operand in node.operands { operands.append(try rewriter.map(operand)) }
        let op = Op.attention(heads: heads, scale: scale)
        try rewriter.replace(
          node.result, with: rewriter.add(op, operands, label: node.label))
      case .axialAttention(let parameters):
        try attend(node, parameters, &tables, &rewriter)
      case .rotaryTable(let table):
        try rewriter.copy(node)
        tables[table] = try rewriter.map(node.result)
      case .dequantize:
        rewriter.replace(node.result, with: try weight(node, 0, &rewriter))
      default: try rewriter.copy(node)
      }
    }
    return try rewriter.finish()
  }

  /// Attention over keys that are projected from the tokens; uses existing rotary tables or adds
  /// them.
  private static func attend(
    _ node: Graph.Node, _ p: AxialAttention, _ tables: inout [RotaryTable: ValueID],
    _ rewriter: inout Rewriter
  ) throws(Failure) {
    let labels = rewriter.source.keyLabels(of: node)
    var operands = [try rewriter.map(node.operands[1]), try weight(node, 3, &rewriter)]
    if p.hasBias { operands.append(try rewriter.map(node.operands[5])) }
    var keys = try rewriter.add(.linear(p.product), operands, label: labels.product)
    operands = [keys]
    let depth = rewriter.source[node.operands[0]].type.shape.last?.fixed ?? 0
    for part in RotaryTable.Part.allCases {
      let table = p.table(part, depth: depth)
      if let known = tables[table] {
        operands.append(known)
      } else {
        operands.append(try rewriter.add(.rotaryTable(table), [], label: labels.rotation))
        tables[table] = operands.last
      }
    }
    keys = try rewriter.add(
      .rotatePairs(rotated: p.rotated), operands, label: labels.rotation)
    operands = [try rewriter.map(node.operands[0]), keys, try rewriter.map(node.operands[2])]
    try rewriter.replace(
      node.result,
      with: rewriter.add(.attention(heads: 1, scale: p.scale), operands, label: node.label))
  }

  /// The weight at `position` among a node's operands, now float.
  private static func weight(
    _ node: Graph.Node, _ position: Int, _ rewriter: inout Rewriter
  ) throws(Failure) -> ValueID {
    let value = rewriter.source[node.operands[position]]
    guard case .weight(let name) = value.definition else { throw failure(node.label) }
    return rewriter.weight(name, TensorType(.float, value.type.shape))
  }

  private static func failure(_ name: String) -> Failure {
    Failure(
      .badInput, code: "quantize.scale", "an int8 weight has no scale for each of its rows",
      place: "tensor \(name)")
  }
}
