/// Producers and consumers of a graph's values.
///
/// Passes, the quantiser and the planner ask the same questions, so the answers are computed once.
public struct GraphUses: Sendable {
  public let graph: Graph
  /// Nodes that count; the others neither produce nor consume anything.
  public let isRunning: [Bool]
  private let consumerLists: [[Int]]
  private let isKeptValue: [Bool]

  /// Counts only the `running` nodes of `graph`, or all of them if `running` is nil; `kept` are
  /// values that must exist although they are not outputs.
  public init(_ graph: Graph, running: [Bool]? = nil, keeping kept: Set<ValueID> = []) {
    self.graph = graph
    let isRunning = running ?? Array(repeating: true, count: graph.nodes.count)
    var consumers = Array(repeating: [Int](), count: graph.values.count)
    for (index, node) in graph.nodes.enumerated() where isRunning[index] {
      for operand in node.operands { consumers[operand.index].append(index) }
    }
    var isKept = Array(repeating: false, count: graph.values.count)
    for output in graph.outputs { isKept[output.value.index] = true }
    for value in kept { isKept[value.index] = true }
    self.isRunning = isRunning
    consumerLists = consumers
    isKeptValue = isKept
  }

  /// Positions of the nodes that read `value`, in graph order; a node that reads it twice is listed
  /// twice.
  public func consumers(of value: ValueID) -> [Int] { consumerLists[value.index] }

  /// Whether the value must exist in memory because it is an output or was requested.
  public func isKept(_ value: ValueID) -> Bool { isKeptValue[value.index] }

  /// The node that computes `value`; nil for inputs, weights, and nodes that do not count.
  public func producer(of value: ValueID) -> Int? {
    guard case .node(let index) = graph[value].definition, isRunning[index] else { return nil }
    return index
  }

  /// The node that reads `value`, if exactly one operand does and the value need not exist.
  public func soleConsumer(of value: ValueID) -> Int? {
    guard !isKept(value), consumerLists[value.index].count == 1 else { return nil }
    return consumerLists[value.index][0]
  }

  /// The node that computes `value`, if it does so for one operand only.
  public func soleProducer(of value: ValueID) -> Int? {
    soleConsumer(of: value) == nil ? nil : producer(of: value)
  }

  /// Sizes of a value in a bound graph; a size that still depends on a symbol counts as 0.
  public func sizes(of value: ValueID) -> [Int] {
    graph[value].type.shape.map { $0.fixed ?? 0 }
  }

  /// Whether the node at `index` is a reshape that preserves the last axis.
  public func keepsRows(_ index: Int) -> Bool {
    let node = graph.nodes[index]
    guard case .reshape = node.op else { return false }
    return graph[node.result].type.shape.last == graph[node.operands[0]].type.shape.last
  }
}
