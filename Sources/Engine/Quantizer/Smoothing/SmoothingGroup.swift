internal import Graph
internal import Tensors

/// Products that read one value, and what makes that value: channels of it may be divided by any
/// positive factors if the products' weights are multiplied by them, and moved by any offsets if the
/// products' biases get their products with the weights.
///
/// Three makers allow the first, because each works on channels one by one, and two the second:
///
/// - a LayerNorm: its weight and bias are divided (Xiao et al., "SmoothQuant", arXiv 2211.10438),
///   offsets are taken from its bias (Wei et al., "Outlier Suppression+", arXiv 2304.09145);
/// - attention, in its values: softmax(S) (V - 1 o^T) / s = (softmax(S) V - 1 o^T) / s, since rows
///   of a softmax sum to one, so the rows of the projection that makes V are divided, and offsets
///   are taken from its bias;
/// - ReLU after a product: relu(x / s) = relu(x) / s for s > 0.
struct SmoothingGroup {
  /// A product that reads the value.
  struct Consumer: Hashable {
    /// Name of its weight, whose columns are multiplied.
    let weight: String
    /// Name of its bias, when it has one that nothing else uses.
    let bias: String?
    /// Whether it sees zeros besides, which stand for no token and would have to move as well.
    let seesPadding: Bool
  }

  var consumers: [Consumer]
  /// Vectors whose elements are divided, beginning at the given one.
  var vectors: [(name: String, start: Int)] = []
  /// Matrices whose rows are divided, beginning at the given one.
  var matrices: [(name: String, start: Int)] = []
  /// The vector that offsets are taken from, if the maker has one.
  var origin: (name: String, start: Int)?
  let channelCount: Int

  var canShift: Bool {
    origin != nil && consumers.allSatisfy { $0.bias != nil && !$0.seesPadding }
  }
}

extension SmoothingGroup {
  /// The groups of `model` whose products are all in `quantized`.
  static func all(in model: Model, quantized: Set<String>) -> [SmoothingGroup] {
    let shared = sharedWeights(model)
    return model.graphs.flatMap { graph in
      let finder = Finder(graph: graph, quantized: quantized, shared: shared)
      return graph.nodes.compactMap { finder.group(madeBy: $0) }
    }
  }

  /// Weights that are operands in more than one place: dividing them would change another product.
  private static func sharedWeights(_ model: Model) -> Set<String> {
    var seen: Set<String> = []
    var shared = model.outputWeights
    for graph in model.graphs {
      for node in graph.nodes {
        for operand in node.operands {
          guard case .weight(let name) = graph[operand].definition else { continue }
          if !seen.insert(name).inserted { shared.insert(name) }
        }
      }
    }
    return shared
  }
}

/// Walks one graph.
private struct Finder {
  let graph: Graph
  let quantized: Set<String>
  let shared: Set<String>
  private let uses: GraphUses

  init(graph: Graph, quantized: Set<String>, shared: Set<String>) {
    self.graph = graph
    self.quantized = quantized
    self.shared = shared
    uses = GraphUses(graph)
  }

  func group(madeBy node: Graph.Node) -> SmoothingGroup? {
    guard node.op.canTakeFactors, let channels = graph[node.result].type.shape.last?.fixed,
      let consumers = consumers(of: node.result), !consumers.isEmpty
    else { return nil }
    var group = SmoothingGroup(consumers: consumers, channelCount: channels)
    switch node.op {
    case .layerNorm:
      guard let weight = ownWeight(node.operands[1]), let bias = ownWeight(node.operands[2]) else {
        return nil
      }
      group.vectors = [(weight, 0), (bias, 0)]
      group.origin = (bias, 0)
    case .attention:
      guard let (projection, start) = projection(of: node.operands[2], user: node),
        add(projection, rows: start, to: &group)
      else { return nil }
      group.origin = group.vectors.first
    default:
      guard add(node, rows: 0, to: &group) else { return nil }
    }
    return group
  }

  private func add(_ node: Graph.Node, rows start: Int, to group: inout SmoothingGroup) -> Bool {
    guard case .linear(let parameters) = node.op, let weight = ownWeight(node.operands[1]) else {
      return false
    }
    group.matrices = [(weight, start)]
    if parameters.hasBias {
      guard let bias = ownWeight(node.operands[2]) else { return false }
      group.vectors = [(bias, start)]
    }
    return true
  }

  /// Name of a weight that is used here and nowhere else.
  private func ownWeight(_ value: ValueID) -> String? {
    guard case .weight(let name) = graph[value].definition, !shared.contains(name) else {
      return nil
    }
    return name
  }

  // MARK: Downwards

  /// The products that read `value`, as it is or rearranged in rows; nil when anything else reads
  /// it.
  private func consumers(of value: ValueID) -> [SmoothingGroup.Consumer]? {
    guard !uses.isKept(value) else { return nil }
    var found: [SmoothingGroup.Consumer] = []
    // Readers to look at, the next one last; a rearranged value has readers of its own.
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

  /// A product of `value` with a weight of its own; nil when it reads the value in other places too.
  private func consumer(
    _ node: Graph.Node, of value: ValueID, _ seesPadding: Bool
  ) -> SmoothingGroup.Consumer? {
    guard case .linear(let parameters) = node.op, !node.operands.dropFirst().contains(value),
      let name = ownWeight(node.operands[1]), quantized.contains(name)
    else { return nil }
    let bias = parameters.hasBias ? ownWeight(node.operands[2]) : nil
    return .init(weight: name, bias: bias, seesPadding: seesPadding)
  }

  /// Whether a node may put zeros beside what it rearranges.
  private func pads(_ node: Graph.Node) -> Bool {
    guard case .windowPartition(let window) = node.op else { return false }
    let shape = graph[node.operands[0]].type.shape
    return shape[1...2].contains { ($0.fixed ?? 1) % window != 0 }
  }

  // MARK: Upwards

  /// The product that makes the values of attention, and the first of its rows that does, when
  /// nothing else reads them.
  private func projection(
    of value: ValueID, user: Graph.Node
  ) -> (node: Graph.Node, start: Int)? {
    var current = value
    while let index = uses.soleProducer(of: current) {
      let node = graph.nodes[index]
      switch node.op {
      case .reshape:
        guard uses.keepsRows(index) else { return nil }
      case .slice(let axis, let first, _):
        guard axis == graph[node.result].type.shape.count - 1, let first = first.fixed,
          let producer = uses.producer(of: node.operands[0]), isSlicedApart(node.operands[0]),
          isBareProduct(producer)
        else { return nil }
        return (graph.nodes[producer], first)
      case .linear: return isBareProduct(index) ? (node, 0) : nil
      default: return nil
      }
      current = node.operands[0]
    }
    return nil
  }

  private func isBareProduct(_ index: Int) -> Bool {
    guard case .linear(let p) = graph.nodes[index].op else { return false }
    return p.activation == .none && !p.hasResidual
  }

  /// Whether `value` is only read by slices of its channels that do not overlap.
  private func isSlicedApart(_ value: ValueID) -> Bool {
    guard !uses.isKept(value) else { return false }
    var ranges: [Range<Int>] = []
    for index in uses.consumers(of: value) {
      guard case .slice(let axis, let start, let count) = graph.nodes[index].op,
        axis == graph[value].type.shape.count - 1, let start = start.fixed,
        let count = count.fixed
      else { return false }
      ranges.append(start..<(start + count))
    }
    ranges.sort { $0.lowerBound < $1.lowerBound }
    return zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound }
  }
}

extension Op {
  /// Whether the channels of its result may be divided by positive factors before it.
  fileprivate var canTakeFactors: Bool {
    switch self {
    case .layerNorm, .attention: true
    case .linear(let parameters): parameters.activation == .relu && !parameters.hasResidual
    default: false
    }
  }
}
