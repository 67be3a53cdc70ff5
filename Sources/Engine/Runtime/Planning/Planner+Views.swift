internal import Bytes
internal import Graph

// Values that are views of others.

extension Planner {
  /// The result as a view of the first operand, when no element has to move.
  mutating func aliasView(_ node: Graph.Node) throws(Failure) -> View? {
    switch node.op {
    case .reshape, .broadcast, .slice: break
    default: return nil
    }
    let operand = try view(node.operands[0])
    let shape = sizes(node.result)
    var alias = operand
    alias.shape = shape
    switch node.op {
    case .reshape:
      // A strided view keeps its rows only while the last axis stays.
      if operand.isContiguous { alias.rowStride = shape.last ?? 1 }
      return operand.isContiguous || shape.last == operand.shape.last ? alias : nil
    case .broadcast:
      if alias.elementCount == operand.elementCount {
        guard operand.isContiguous else { return nil }
        alias.rowStride = shape.last ?? 1
        return alias
      }
      guard operand.shape.first == 1, operand.shape.dropFirst() == shape.dropFirst(),
        acceptsRepeatedItems(node.result)
      else { return nil }
      alias.isRepeated = true
      return alias
    case .slice(let axis, let start, _):
      guard let start = start.fixed else { return nil }
      if axis == shape.count - 1, acceptsStridedRows(node.result) {
        alias.offset += start
        return alias
      }
      guard operand.isContiguous, operand.shape[..<axis].allSatisfy({ $0 == 1 }),
        axis < shape.count - 1
      else { return nil }
      alias.offset += start * operand.shape[(axis + 1)...].reduce(1, *)
      return alias
    default: return nil
    }
  }

  /// True when every user of the value can read one item for all of the batch.
  private func acceptsRepeatedItems(_ value: ValueID) -> Bool {
    guard !uses.isKept(value) else { return false }
    return uses.consumers(of: value).allSatisfy { index in
      if case .attention = graph.nodes[index].op { return true }
      return isAddedToCells(value, by: index)
    }
  }

  /// Whether the node is part of attention between tokens and cells that adds the value to its
  /// result, or reads its rows.
  private func isAddedToCells(_ value: ValueID, by index: Int) -> Bool {
    fused.found.values.contains { nodes in
      guard case .tokens(let pattern) = nodes else { return false }
      return (pattern.end == index || pattern.absorbed.contains(index))
        && (pattern.residual == value || pattern.cells.contains { $0.source == value })
    }
  }

  /// Whether every user of the value can read strided rows.
  private func acceptsStridedRows(_ value: ValueID) -> Bool {
    var pending = [value]
    while let value = pending.popLast() {
      guard !uses.isKept(value) else { return false }
      for index in uses.consumers(of: value) {
        let node = graph.nodes[index]
        switch node.op {
        case .attention, .quantizedAttention: continue
        case .linear, .quantizedLinear, .layerNorm, .batchNorm, .rotatePairs, .maxPool:
          guard node.operands[0] == value, !node.operands.dropFirst().contains(value) else {
            return false
          }
        case .reshape:
          guard sizes(node.result).last == sizes(value).last else { return false }
          pending.append(node.result)
        default: return false
        }
      }
    }
    return true
  }
}
