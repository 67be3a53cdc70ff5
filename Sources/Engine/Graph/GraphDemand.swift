internal import Bytes

/// The memory and work of one call of a bound graph, estimated from its shapes alone, so that a
/// graph can be refused before anything is allocated.
public struct GraphDemand: Hashable, Sendable {
  /// Bytes of the values needed at the same time, if nodes run in order.
  public fileprivate(set) var bytes = 0
  /// Bytes of everything that depends only on weights.
  public fileprivate(set) var constantBytes = 0
  /// Multiply-accumulates, plus one for each element that a node writes.
  public fileprivate(set) var work = 0
  /// The same for everything that depends only on weights.
  public fileprivate(set) var constantWork = 0

  /// All sizes of `graph` must be fixed; `constant` is true for each node that depends only on
  /// weights.
  ///
  /// - Throws: `graph.memory` or `graph.work` if it needs more than `budget` allows.
  init(
    _ graph: Graph, constant: [Bool], within budget: GraphBudget
  ) throws(Failure) {
    var meter = DemandMeter(graph, constant, budget)
    try meter.measure()
    self = meter.demand
  }

  fileprivate init() {}
}

/// Walks through a bound graph once and adds up the demands of its nodes.
private struct DemandMeter {
  let graph: Graph
  let constant: [Bool]
  let budget: GraphBudget
  var demand = GraphDemand()
  private var byteCounts: [Int] = []
  /// Bytes of the weights as floats.
  private var weightBytes = 0

  init(_ graph: Graph, _ constant: [Bool], _ budget: GraphBudget) {
    (self.graph, self.constant, self.budget) = (graph, constant, budget)
  }

  mutating func measure() throws(Failure) {
    try measureValues()
    try measureWork()
    try measureMemory()
  }

  private mutating func measureValues() throws(Failure) {
    for value in graph.values {
      let shape = value.type.shape.map { $0.fixed ?? 0 }
      guard let count = product(shape), count <= budget.elements,
        let bytes = checkedProduct(count, 4)
      else {
        throw memory("a value of \(value.type) is too large", node: value.definition)
      }
      byteCounts.append(bytes)
      if case .weight = value.definition { weightBytes = try sum(weightBytes, bytes) }
    }
  }

  private mutating func measureWork() throws(Failure) {
    for (index, node) in graph.nodes.enumerated() {
      let operands = node.operands.map { graph[$0].type.shape.map { $0.fixed ?? 0 } }
      let result = graph[node.result].type.shape.map { $0.fixed ?? 0 }
      guard let products = node.op.multiplyAccumulates(operands, result: result),
        let own = checkedSum(products, byteCounts[node.result.index] / 4),
        let all = checkedSum(constant[index] ? demand.constantWork : demand.work, own)
      else { throw work(node, "more than can be counted") }
      guard all <= (constant[index] ? budget.constantWork : budget.work) else {
        throw work(node, "\(all) multiply-accumulates up to here")
      }
      if constant[index] { demand.constantWork = all } else { demand.work = all }
    }
  }

  /// Values that depend only on weights stay; others live from their node, or from the start of the
  /// call, to their last reader.
  private mutating func measureMemory() throws(Failure) {
    let lastUses = lastUses()
    var ending = Array(repeating: [Int](), count: graph.nodes.count + 1)
    var alive = 0
    for (index, value) in graph.values.enumerated() {
      if case .input = value.definition {
        alive = try sum(alive, byteCounts[index])
        ending[lastUses[index]].append(index)
      }
    }
    demand.bytes = alive
    for (index, node) in graph.nodes.enumerated() {
      let bytes = byteCounts[node.result.index]
      if constant[index] {
        demand.constantBytes = try sum(demand.constantBytes, bytes)
        let maximum = budget.constantBytes.addingReportingOverflow(weightBytes)
        if !maximum.overflow, demand.constantBytes > maximum.partialValue {
          throw memory(
            "\(demand.constantBytes) bytes of constants up to here are too many", label: node.label)
        }
      } else {
        alive = try sum(alive, bytes)
        demand.bytes = max(demand.bytes, alive)
        if alive > budget.bytes {
          throw memory("\(alive) bytes at once are too many", label: node.label)
        }
        ending[max(index, lastUses[node.result.index])].append(node.result.index)
      }
      for value in ending[index] { alive -= byteCounts[value] }
    }
    if demand.bytes > budget.bytes { throw memory("\(demand.bytes) bytes at once are too many") }
  }

  /// Position of the last node that reads each value or a possible view of it; outputs are needed
  /// until all nodes have run.
  private func lastUses() -> [Int] {
    var result = Array(repeating: 0, count: graph.values.count)
    for output in graph.outputs { result[output.value.index] = graph.nodes.count }
    for (index, node) in graph.nodes.enumerated().reversed() {
      let last = node.op.mayBeView ? max(index, result[node.result.index]) : index
      for operand in node.operands { result[operand.index] = max(result[operand.index], last) }
    }
    return result
  }

  private func product(_ sizes: [Int]) -> Int? {
    var product = 1
    for size in sizes {
      guard let next = checkedProduct(product, size) else { return sizes.contains(0) ? 0 : nil }
      product = next
    }
    return product
  }

  // MARK: Refusals

  private func sum(_ a: Int, _ b: Int) throws(Failure) -> Int {
    guard let sum = checkedSum(a, b) else { throw memory("the values are too large") }
    return sum
  }

  private func memory(_ message: String, node: Graph.Definition) -> Failure {
    switch node {
    case .node(let index): memory(message, label: graph.nodes[index].label)
    case .input(let name), .weight(let name): memory(message, label: name)
    }
  }

  private func memory(_ message: String, label: String = "") -> Failure {
    Failure(
      .badInput, code: "graph.memory", message, place: place(label), hint: DemandMeter.hint)
  }

  private func work(_ node: Graph.Node, _ amount: String) -> Failure {
    Failure(
      .badInput, code: "graph.work", "the graph asks for too much work: \(amount)",
      place: place(node.label), hint: DemandMeter.hint)
  }

  /// The limits are for files from strangers.
  private static let hint =
    "if the model is to be trusted, raise its limits (sam2: --graph-budget 2)"

  private func place(_ label: String) -> String {
    "graph \(graph.name)" + (label.isEmpty ? "" : ", \(label)")
  }
}

extension Op {
  /// Whether the result may be a view of the first operand's elements.
  fileprivate var mayBeView: Bool {
    switch self {
    case .reshape, .transpose, .slice, .broadcast: true
    default: false
    }
  }
}
