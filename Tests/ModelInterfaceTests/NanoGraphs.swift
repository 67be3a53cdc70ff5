import Bytes
import Graph
import JSON
import SAM2Config
import SAM2Import

/// Graphs of the smallest published configuration, without weights.
enum NanoGraphs {
  static func model(_ configuration: ModelConfiguration? = nil) throws -> Model {
    guard let configuration = configuration ?? KnownVariants.named("nano") else {
      throw MissingVariant()
    }
    return Model(
      metadata: ["architecture": "sam2", "configuration": configuration.json],
      graphs: try ModelImporter.graphs(for: configuration), weights: WeightTable())
  }

  struct MissingVariant: Error {}
}

extension Model {
  /// The same model with an edited signature of graph `name`, whose results are then zeros.
  func editing(
    _ name: String, _ edit: (inout GraphSignature) throws -> Void
  ) throws -> Model {
    var copy = self
    for index in copy.graphs.indices where copy.graphs[index].name == name {
      var signature = GraphSignature(copy.graphs[index])
      try edit(&signature)
      copy.graphs[index] = try signature.graph()
    }
    return copy
  }
}
