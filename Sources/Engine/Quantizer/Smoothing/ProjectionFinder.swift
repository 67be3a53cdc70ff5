internal import Graph

/// Rows of a product that compute the channels of a value and serve that value alone.
struct Projection {
  /// Name of the weight.
  let weight: String
  /// Name of the bias; nil without one.
  let bias: String?
  /// The first row.
  let start: Int
  /// Whether positions rotate pairs of its channels.
  var isRotated = false
}

/// Finds the projections that compute the operands of an attention.
struct ProjectionFinder {
  let graph: Graph
  let uses: GraphUses
  private let shared: Set<String>

  /// `shared` are weights that must stay as they are (`Model.sharedWeights`).
  init(_ graph: Graph, shared: Set<String>) {
    self.graph = graph
    self.shared = shared
    uses = GraphUses(graph)
  }

  /// Name of a weight that is used here and nowhere else.
  func ownWeight(_ value: ValueID) -> String? {
    guard case .weight(let name) = graph[value].definition, !shared.contains(name) else {
      return nil
    }
    return name
  }

  /// The rows that compute `value`, which may be rearranged on the way; nil if anything else reads
  /// them, or if a step on the way does not keep channels separate or preserve their signs and
  /// ratios.
  ///
  /// With `allowsRotation`, positions may rotate pairs of channels.
  func projection(of value: ValueID, allowsRotation: Bool = false) -> Projection? {
    var current = value
    var isRotated = false
    while let index = uses.soleProducer(of: current) {
      let node = graph.nodes[index]
      switch node.op {
      case .reshape:
        guard uses.keepsRows(index) else { return nil }
      case .maxPool: break
      case .broadcast:
        guard channels(node.result) == channels(node.operands[0]) else { return nil }
      case .rotatePairs:
        guard allowsRotation else { return nil }
        isRotated = true
      case .slice(let axis, let first, _):
        guard axis == graph[node.result].type.shape.count - 1, let first = first.fixed,
          let producer = uses.producer(of: node.operands[0]), isSlicedApart(node.operands[0]),
          var projection = bareProjection(producer, start: first)
        else { return nil }
        projection.isRotated = isRotated
        return projection
      case .linear:
        var projection = bareProjection(index, start: 0)
        projection?.isRotated = isRotated
        return projection
      default: return nil
      }
      current = node.operands[0]
    }
    return nil
  }

  /// The rows of `node` from `start` on; nil if its weight or bias is also used elsewhere.
  func projection(_ node: Graph.Node, start: Int) -> Projection? {
    guard case .linear(let p) = node.op, let weight = ownWeight(node.operands[1]) else {
      return nil
    }
    guard p.hasBias else { return Projection(weight: weight, bias: nil, start: start) }
    guard let bias = ownWeight(node.operands[2]) else { return nil }
    return Projection(weight: weight, bias: bias, start: start)
  }

  private func bareProjection(_ index: Int, start: Int) -> Projection? {
    let node = graph.nodes[index]
    guard case .linear(let p) = node.op, p.activation == .none, !p.hasResidual else { return nil }
    return projection(node, start: start)
  }

  private func channels(_ value: ValueID) -> Dim? { graph[value].type.shape.last }

  /// Whether `value` is read only by slices of its channels that do not overlap.
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

extension Model {
  /// Weights that are operands in more than one place: dividing them would change another product.
  var sharedWeights: Set<String> {
    var seen: Set<String> = []
    var shared = outputWeights
    for graph in graphs {
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
