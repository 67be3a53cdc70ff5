public import Bytes
public import Graph

/// Writes a new graph from an old one, node by node: a pass decides for each node what replaces it.
///
/// Inputs keep their order; weights appear as they are used.
public struct Rewriter {
  public let source: Graph
  /// Producers and consumers of the old graph's values.
  public let uses: GraphUses
  public private(set) var builder: GraphBuilder
  private var mapping: [ValueID?]

  public init(_ source: Graph) {
    self.source = source
    uses = GraphUses(source)
    builder = GraphBuilder(source.name)
    mapping = Array(repeating: nil, count: source.values.count)
    for (name, id) in source.inputs { mapping[id.index] = builder.input(name, source[id].type) }
  }

  /// The sole consumer of `value`, or nil.
  public func soleConsumer(of value: ValueID) -> Graph.Node? {
    uses.soleConsumer(of: value).map { source.nodes[$0] }
  }

  /// The node that computes `value`; nil for inputs and weights.
  public func producer(of value: ValueID) -> Graph.Node? {
    uses.producer(of: value).map { source.nodes[$0] }
  }

  /// The node that computes `value` for one consumer alone.
  public func soleProducer(of value: ValueID) -> Graph.Node? {
    uses.soleProducer(of: value).map { source.nodes[$0] }
  }

  /// The value of the new graph that replaces `value` of the old one.
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
