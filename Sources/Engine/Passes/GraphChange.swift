public import Graph

/// The effect of a rewrite on a graph: nodes removed and nodes added, by their operators.
public struct GraphChange: Sendable {
  /// Equal nodes, counted.
  public struct Row: Sendable, Hashable {
    /// Operator with what is fused into it: "linear + gelu + residual".
    public let kind: String
    public let count: Int

    public init(kind: String, count: Int) {
      self.kind = kind
      self.count = count
    }
  }

  /// Nodes of the old graph that are not in the new one as they were, in order of appearance.
  public let removed: [Row]
  /// Nodes of the new graph that were not in the old one.
  public let added: [Row]
  /// Whether nothing but the order of values differs.
  public var isEmpty: Bool { removed.isEmpty && added.isEmpty }
  /// Labels of the layers that were touched, in order of appearance.
  public let layers: [String]

  /// Compares nodes by label, operator and weights; what only moved, or reads other values, has not
  /// changed.
  public init(from old: Graph, to new: Graph) {
    let (before, after) = (Self.counts(old), Self.counts(new))
    let removed = Self.rest(old, without: after)
    let added = Self.rest(new, without: before)
    self.removed = Self.rows(removed)
    self.added = Self.rows(added)
    var seen: Set<String> = []
    layers = (removed + added).map(\.label).filter { !$0.isEmpty && seen.insert($0).inserted }
  }

  private struct Key: Hashable {
    let label: String
    let op: Op
    let weights: [String]

    init(_ node: Graph.Node, in graph: Graph) {
      label = node.label
      op = node.op
      weights = node.operands.compactMap { graph.weightName($0) }
    }
  }

  private static func counts(_ graph: Graph) -> [Key: Int] {
    graph.nodes.reduce(into: [:]) { $0[Key($1, in: graph), default: 0] += 1 }
  }

  private static func rest(_ graph: Graph, without other: [Key: Int]) -> [Key] {
    var left = other
    return graph.nodes.compactMap { node in
      let key = Key(node, in: graph)
      guard let count = left[key], count > 0 else { return key }
      left[key] = count - 1
      return nil
    }
  }

  private static func rows(_ keys: [Key]) -> [Row] {
    var order: [String] = []
    var counts: [String: Int] = [:]
    for kind in keys.map(\.op.kind) {
      if counts[kind] == nil { order.append(kind) }
      counts[kind, default: 0] += 1
    }
    return order.map { Row(kind: $0, count: counts[$0] ?? 0) }
  }
}

extension Op {
  /// Name of the operator with what is fused into it.
  fileprivate var kind: String {
    switch self {
    case .linear(let p), .quantizedLinear(let p):
      name + (p.activation == .none ? "" : " + \(p.activation)")
        + (p.hasResidual ? " + residual" : "")
    case .activation(let kind): "\(kind)"
    default: name
    }
  }
}
