public import Bytes
public import Graph
import JSON
public import SAM2Config

/// The graphs of a SAM 2 model with their operands and results, as implied by its configuration.
///
/// All models of a configuration have this one interface, whichever passes have rewritten their
/// graphs. A model that passed `init(of:configuration:)` returns only results of these shapes,
/// because a graph's declared types are those that its operators infer.
public struct ModelInterface: Sendable, Hashable {
  public let parts: ModelParts
  /// In the order of use.
  public let graphs: [GraphInterface]

  /// The interface of a model with `parts`; `configuration` must be valid.
  public init(_ configuration: ModelConfiguration, parts: ModelParts = .all) {
    self.parts = parts
    let sizes = InterfaceSizes(configuration)
    graphs = parts.graphs(of: configuration).map { GraphInterface($0, sizes, parts) }
  }

  /// The interface of `model`, checked against its graphs.
  /// - Throws: `config.mismatch` for a size that differs from that of `configuration`;
  ///   `model.interface` for a graph, operand or result that is missing, unknown or of another
  ///   kind.
  public init(of model: Model, configuration: ModelConfiguration) throws(Failure) {
    self.init(configuration, parts: ModelParts(graphNames: model.graphs.map(\.name)))
    try check(model)
  }

  /// Checks that the graphs of `model` have the interface implied by the configuration in its
  /// metadata.
  /// - Throws: as `init(of:configuration:)`; `json.*` and `config.*` for the configuration itself.
  public static func verify(_ model: Model) throws(Failure) {
    let configuration = try ModelConfiguration(metadata: model.metadata)
    _ = try ModelInterface(of: model, configuration: configuration)
  }

  private func check(_ model: Model) throws(Failure) {
    for graph in model.graphs where !graphs.contains(where: { $0.name.rawValue == graph.name }) {
      throw Failure(
        .badInput, code: "model.interface", "SAM 2 has no graph called \(graph.name)",
        hint: GraphInterface.hint)
    }
    for expected in graphs {
      guard let graph = model.graph(expected.name.rawValue) else {
        throw Failure(
          .badInput, code: "model.interface", "graph \(expected.name.rawValue) is missing",
          hint: GraphInterface.hint)
      }
      try expected.check(graph)
    }
  }
}
