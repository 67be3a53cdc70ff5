public import Bytes

/// Builds a graph node by node, inferring types and giving each weight a single value.
///
/// A builder is for code that creates graphs (the importer, tests): a shape that does not fit is
/// reported when the node is added, with the label of the layer.
public struct GraphBuilder {
  public private(set) var graph: Graph
  private var weights: [String: ValueID] = [:]

  public init(_ name: String) { graph = Graph(name: name) }

  public func type(of value: ValueID) -> TensorType { graph[value].type }

  /// A named operand supplied by the caller.
  public mutating func input(_ name: String, _ type: TensorType) -> ValueID {
    append(type, .input(name))
  }

  /// An entry of the weight table; asking for it twice gives the same value.
  public mutating func weight(_ name: String, _ type: TensorType) -> ValueID {
    if let known = weights[name] { return known }
    let id = append(type, .weight(name))
    weights[name] = id
    return id
  }

  /// Adds one operator.
  /// - Throws: `graph.operands`, `graph.shape`, with `label` as the place.
  public mutating func add(
    _ op: Op, _ operands: [ValueID], label: String
  ) throws(Failure) -> ValueID {
    let type: TensorType
    do {
      type = try op.resultType(operands.map { graph[$0].type })
    } catch {
      var failure = error
      failure.place = [label, error.place].compactMap { $0 }.joined(separator: ", ")
      throw failure
    }
    let result = append(type, .node(graph.nodes.count))
    graph.nodes.append(.init(op: op, operands: operands, result: result, label: label))
    return result
  }

  public mutating func output(_ name: String, _ value: ValueID) {
    graph.outputs.append(.init(name: name, value: value))
  }

  private mutating func append(_ type: TensorType, _ definition: Graph.Definition) -> ValueID {
    graph.values.append(.init(type: type, definition: definition))
    return ValueID(graph.values.count - 1)
  }
}
