internal import Graph

/// Finds the groups of products of one graph that may be smoothed.
struct SmoothingFinder {
  private let graph: Graph
  private let quantized: Set<String>
  private let stored: Set<String>
  private let projections: ProjectionFinder
  private var uses: GraphUses { projections.uses }

  init(_ graph: Graph, quantized: Set<String>, stored: Set<String>, shared: Set<String>) {
    self.graph = graph
    self.quantized = quantized
    self.stored = stored
    projections = ProjectionFinder(graph, shared: shared)
  }

  func group(producedBy node: Graph.Node) -> SmoothingGroup? {
    guard let producer = node.op.producer, let channels = graph[node.result].type.shape.last?.fixed,
      let consumers = consumers(of: node.result),
      consumers.contains(where: { $0.rounding != .none })
    else { return nil }
    var group = SmoothingGroup(producer: producer, consumers: consumers, channelCount: channels)
    switch producer {
    case .norm:
      guard let weight = projections.ownWeight(node.operands[1]),
        let bias = projections.ownWeight(node.operands[2])
      else { return nil }
      group.vectors = [(weight, 0), (bias, 0)]
      group.origin = (bias, 0)
    case .attention:
      guard let projection = projections.projection(of: node.operands[2]) else { return nil }
      add(projection, to: &group)
      group.origin = group.vectors.first
    case .relu:
      guard let projection = projections.projection(node, start: 0) else { return nil }
      add(projection, to: &group)
    }
    return group
  }

  private func add(_ projection: Projection, to group: inout SmoothingGroup) {
    group.matrices = [(projection.weight, projection.start)]
    group.vectors = projection.bias.map { [($0, projection.start)] } ?? []
  }

  /// The products that read `value`, directly or rearranged in rows; nil if anything else reads it.
  private func consumers(of value: ValueID) -> [SmoothingGroup.Consumer]? {
    guard !uses.isKept(value) else { return nil }
    var found: [SmoothingGroup.Consumer] = []
    // Readers still to examine, next one last; a rearranged value has its own readers.
    var pending = uses.consumers(of: value).reversed().map {
      (node: $0, value: value, seesPadding: false)
    }
    while let next = pending.popLast() {
      let node = graph.nodes[next.node]
      switch node.op {
      case .linear where node.operands[0] == next.value:
        guard let product = consumer(node, of: next.value, next.seesPadding) else { return nil }
        found.append(product)
      case .windowPartition, .windowMerge, .reshape:
        guard graph[node.result].type.shape.last == graph[next.value].type.shape.last,
          !uses.isKept(node.result)
        else { return nil }
        let seesPadding = next.seesPadding || pads(node)
        pending += uses.consumers(of: node.result).reversed().map { ($0, node.result, seesPadding) }
      default: return nil
      }
    }
    return found
  }

  /// The consumer for a product of `value` with its own weight; nil if the product also reads the
  /// value elsewhere.
  private func consumer(
    _ node: Graph.Node, of value: ValueID, _ seesPadding: Bool
  ) -> SmoothingGroup.Consumer? {
    guard case .linear(let parameters) = node.op, !node.operands.dropFirst().contains(value),
      let name = projections.ownWeight(node.operands[1])
    else { return nil }
    let bias = parameters.hasBias ? projections.ownWeight(node.operands[2]) : nil
    let rounding: SmoothingGroup.Rounding =
      quantized.contains(name) ? .both : stored.contains(name) ? .weight : .none
    return .init(weight: name, bias: bias, seesPadding: seesPadding, rounding: rounding)
  }

  /// Whether a node may add zero padding to the value it rearranges.
  private func pads(_ node: Graph.Node) -> Bool {
    guard case .windowPartition(let window) = node.op else { return false }
    let shape = graph[node.operands[0]].type.shape
    return shape[1...2].contains { ($0.fixed ?? 1) % window != 0 }
  }
}

extension Op {
  /// The kind of producer, if its result's channels may be divided by positive factors upstream.
  fileprivate var producer: SmoothingGroup.Producer? {
    switch self {
    case .layerNorm: .norm
    case .attention: .attention
    case .linear(let p): p.activation == .relu && !p.hasResidual ? .relu : nil
    default: nil
    }
  }
}
