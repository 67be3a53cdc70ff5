internal import Graph
internal import Tensors

/// Products that read one value, and what makes that value: channels of it may be divided by any
/// positive factors if the products' weights are multiplied by them.
///
/// Three makers allow that, because each works on channels one by one:
///
/// - a LayerNorm: its weight and bias are divided (Xiao et al., "SmoothQuant", arXiv 2211.10438);
/// - attention, in its values: softmax(S) (V / s) = (softmax(S) V) / s, so the rows of the
///   projection that makes V are divided;
/// - ReLU after a product: relu(x / s) = relu(x) / s for s > 0.
struct SmoothingGroup {
  /// Weights of the products, whose input channels are multiplied.
  var consumers: [String]
  /// Vectors whose elements are divided, beginning at the given one.
  var vectors: [(name: String, start: Int)] = []
  /// Matrices whose rows are divided, beginning at the given one.
  var matrices: [(name: String, start: Int)] = []
  let channelCount: Int
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
    var shared: Set<String> = []
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
  private let users: [[Int]]
  private let outputs: Set<ValueID>

  init(graph: Graph, quantized: Set<String>, shared: Set<String>) {
    self.graph = graph
    self.quantized = quantized
    self.shared = shared
    var users = Array(repeating: [Int](), count: graph.values.count)
    for (index, node) in graph.nodes.enumerated() {
      for operand in node.operands { users[operand.index].append(index) }
    }
    self.users = users
    outputs = Set(graph.outputs.map(\.value))
  }

  func group(madeBy node: Graph.Node) -> SmoothingGroup? {
    guard let channels = graph[node.result].type.shape.last?.fixed,
      var group = consumers(of: node.result).map({
        SmoothingGroup(consumers: $0, channelCount: channels)
      }), !group.consumers.isEmpty
    else { return nil }
    switch node.op {
    case .layerNorm:
      guard let weight = ownWeight(node.operands[1]), let bias = ownWeight(node.operands[2]) else {
        return nil
      }
      group.vectors = [(weight, 0), (bias, 0)]
    case .linear(let parameters) where parameters.activation == .relu && !parameters.hasResidual:
      guard add(node, rows: 0, to: &group) else { return nil }
    case .attention:
      guard let (projection, start) = projection(of: node.operands[2], user: node),
        add(projection, rows: start, to: &group)
      else { return nil }
    default: return nil
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

  /// Weights of the products that read `value`, as it is or rearranged in rows; nil when anything
  /// else reads it.
  private func consumers(of value: ValueID) -> [String]? {
    guard !outputs.contains(value) else { return nil }
    var found: [String] = []
    for index in users[value.index] {
      let node = graph.nodes[index]
      switch node.op {
      case .linear where node.operands[0] == value && !node.operands.dropFirst().contains(value):
        guard let name = ownWeight(node.operands[1]), quantized.contains(name) else { return nil }
        found.append(name)
      case .windowPartition, .windowMerge, .reshape:
        guard graph[node.result].type.shape.last == graph[value].type.shape.last,
          let further = consumers(of: node.result)
        else { return nil }
        found += further
      default: return nil
      }
    }
    return found
  }

  // MARK: Upwards

  /// The product that makes the values of attention, and the first of its rows that does, when
  /// nothing else reads them.
  private func projection(
    of value: ValueID, user: Graph.Node
  ) -> (node: Graph.Node, start: Int)? {
    var (current, start) = (value, 0)
    while users[current.index].count == 1, !outputs.contains(current),
      case .node(let index) = graph[current].definition
    {
      let node = graph.nodes[index]
      switch node.op {
      case .reshape:
        guard graph[node.operands[0]].type.shape.last == graph[node.result].type.shape.last else {
          return nil
        }
      case .slice(let axis, let first, _):
        guard axis == graph[node.result].type.shape.count - 1, let first = first.fixed,
          start == 0, case .node(let maker) = graph[node.operands[0]].definition,
          isSlicedApart(node.operands[0])
        else { return nil }
        guard case .linear(let p) = graph.nodes[maker].op, p.activation == .none, !p.hasResidual
        else { return nil }
        return (graph.nodes[maker], first)
      case .linear(let p):
        return p.activation == .none && !p.hasResidual ? (node, start) : nil
      default: return nil
      }
      (current, start) = (node.operands[0], start)
    }
    return nil
  }

  /// Whether `value` is only read by slices of its channels that do not overlap.
  private func isSlicedApart(_ value: ValueID) -> Bool {
    guard !outputs.contains(value) else { return false }
    var ranges: [Range<Int>] = []
    for index in users[value.index] {
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
