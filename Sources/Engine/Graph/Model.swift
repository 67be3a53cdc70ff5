public import Bytes
public import JSON
internal import Tensors

/// Named graphs, the weights they use, and the model's metadata.
public struct Model: Sendable {
  /// Architecture, preprocessing, licence, provenance: a JSON object.
  public var metadata: JSONValue
  public var graphs: [Graph]
  public var weights: WeightTable

  public init(metadata: JSONValue, graphs: [Graph], weights: WeightTable) {
    self.metadata = metadata
    self.graphs = graphs
    self.weights = weights
  }

  public func graph(_ name: String) -> Graph? { graphs.first { $0.name == name } }

  /// Verifies each graph, and that each weight it uses exists with the declared type and shape.
  /// - Throws: `graph.*`, `model.weight`.
  public func verify() throws(Failure) {
    var names: Set<String> = []
    for graph in graphs {
      try graph.verify()
      guard names.insert(graph.name).inserted else {
        throw Failure(.badInput, code: "graph.name", "two graphs are called \(graph.name)")
      }
      for value in graph.values {
        guard case .weight(let name) = value.definition else { continue }
        try checkWeight(name, value.type, in: graph)
      }
    }
  }

  private func checkWeight(
    _ name: String, _ type: TensorType, in graph: Graph
  ) throws(Failure) {
    guard let tensor = weights[name] else {
      throw Failure(
        .badInput, code: "model.weight", "weight \(name) is missing", place: "graph \(graph.name)")
    }
    let shape = tensor.shape.dimensions.map { Dim(constant: $0) }
    guard shape == type.shape, tensor.dtype.elementType == type.element else {
      throw Failure(
        .badInput, code: "model.weight",
        "weight \(name) is \(tensor.dtype.name)\(tensor.shape), the graph expects \(type)",
        place: "graph \(graph.name)")
    }
  }
}
