public import Bytes
public import Graph

/// Writes a new graph from an old one, node by node: a pass decides for each node what stands in
/// its place.
///
/// Inputs keep their order; weights appear as they are used.
public struct Rewriter {
  public let source: Graph
  /// Nodes that use a value.
  public let users: [[Int]]
  public private(set) var builder: GraphBuilder
  private var mapping: [ValueID?]
  private let outputValues: Set<ValueID>

  public init(_ source: Graph) {
    self.source = source
    var users = Array(repeating: [Int](), count: source.values.count)
    for (index, node) in source.nodes.enumerated() {
      for operand in node.operands { users[operand.index].append(index) }
    }
    self.users = users
    outputValues = Set(source.outputs.map(\.value))
    builder = GraphBuilder(source.name)
    mapping = Array(repeating: nil, count: source.values.count)
    for (name, id) in source.inputs { mapping[id.index] = builder.input(name, source[id].type) }
  }

  /// The node that uses `value`, when it is the only one and no output needs the value.
  public func onlyUser(of value: ValueID) -> Graph.Node? {
    guard users[value.index].count == 1, !outputValues.contains(value) else { return nil }
    return source.nodes[users[value.index][0]]
  }

  /// The node that makes `value`; nil for inputs and weights.
  public func maker(of value: ValueID) -> Graph.Node? {
    if case .node(let index) = source[value].definition { source.nodes[index] } else { nil }
  }

  /// True when the new graph has the value already, or can have it at once (weights).
  public func isDefined(_ value: ValueID) -> Bool {
    if case .weight = source[value].definition { true } else { mapping[value.index] != nil }
  }

  /// The value of the new graph that stands for `value` of the old one.
  public mutating func map(_ value: ValueID) throws(Failure) -> ValueID {
    if let known = mapping[value.index] { return known }
    guard case .weight(let name) = source[value].definition else {
      throw Failure(
        .internalError, code: "pass.order", "value \(value.index) is used before it is rewritten",
        place: "graph \(source.name)")
    }
    return builder.weight(name, source[value].type)
  }

  /// A weight that the old graph did not have.
  public mutating func weight(_ name: String, _ type: TensorType) -> ValueID {
    builder.weight(name, type)
  }

  /// Adds a node to the new graph.
  public mutating func add(
    _ op: Op, _ operands: [ValueID], label: String
  ) throws(Failure) -> ValueID {
    try builder.add(op, operands, label: label)
  }

  /// Lets `value` of the old graph be `replacement` of the new one.
  public mutating func replace(_ value: ValueID, with replacement: ValueID) {
    mapping[value.index] = replacement
  }

  /// Copies a node as it is.
  public mutating func copy(_ node: Graph.Node) throws(Failure) {
    var operands: [ValueID] = []
    for operand in node.operands { operands.append(try map(operand)) }
    replace(node.result, with: try add(node.op, operands, label: node.label))
  }

  /// The new graph, with the outputs of the old.
  public mutating func finish() throws(Failure) -> Graph {
    for output in source.outputs { builder.output(output.name, try map(output.value)) }
    return builder.graph
  }
}
