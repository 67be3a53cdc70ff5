import Bytes
import ModelInterface
import Tensors

/// Provides the graphs of one model: `Program` does so; tests put small fakes in its place.
protocol GraphRunning: Sendable {
  /// The graph with `interface`. Names are resolved here, once, rather than on every call.
  func entry(_ interface: GraphInterface) throws(Failure) -> GraphEntry
}

/// One graph of a model, called by position.
struct GraphEntry: Sendable {
  typealias Body = @Sendable (_ operands: [Tensor]) throws(Failure) -> [Tensor]

  let interface: GraphInterface
  private let body: Body

  /// `body` takes operands and returns results in the order of `interface`.
  init(_ interface: GraphInterface, body: @escaping Body) {
    self.interface = interface
    self.body = body
  }

  /// The results for `operands`, both in the interface's order: new contiguous float32 tensors.
  /// - Throws: `graph.entry` for a wrong number of operands or results; what the graph throws.
  func callAsFunction(_ operands: [Tensor]) throws(Failure) -> [Tensor] {
    try check(operands.count, interface.inputs.count, "operands")
    let results = try body(operands)
    try check(results.count, interface.outputs.count, "results")
    return results
  }

  private func check(_ found: Int, _ expected: Int, _ role: String) throws(Failure) {
    guard found != expected else { return }
    throw Failure(
      .internalError, code: "graph.entry", "\(found) \(role), not \(expected)",
      place: "graph \(interface.name.rawValue)")
  }
}

/// The graphs of a model, resolved when it is opened.
struct GraphEntries: Sendable {
  private let entries: [GraphName: GraphEntry]

  init(_ graphs: any GraphRunning, _ interface: ModelInterface) throws(Failure) {
    var entries: [GraphName: GraphEntry] = [:]
    for graph in interface.graphs { entries[graph.name] = try graphs.entry(graph) }
    self.entries = entries
  }

  /// The results of `graph` for `operands`, both in the order of its interface.
  /// - Throws: `graph.entry` when the model does not have the graph; what `GraphEntry` throws.
  func callAsFunction(_ graph: GraphName, _ operands: Tensor...) throws(Failure) -> [Tensor] {
    try self(graph, operands)
  }

  /// The same, with the operands in a list.
  func callAsFunction(_ graph: GraphName, _ operands: [Tensor]) throws(Failure) -> [Tensor] {
    guard let entry = entries[graph] else {
      throw Failure(
        .internalError, code: "graph.entry", "the model has no graph \(graph.rawValue)")
    }
    return try entry(operands)
  }
}
