public import Bytes
public import Graph
import JSON

/// The graphs of a detector, in the order of use.
public enum DetectorGraph: String, Sendable, Hashable, CaseIterable {
  /// Texts to queries.
  case encodeText = "encode_text"
  /// A picture to boxes, and to their class features.
  case findBoxes = "find_boxes"
  /// Boxes and queries to logits.
  case matchQueries = "match_queries"
}

/// Operands and results of the graphs of a detector.
///
/// This is their only definition; `Formats/model-file.md` has the same table with the meaning of
/// each. All models of a configuration have this one interface, whichever passes have rewritten
/// their graphs.
public struct DetectorInterface: Sendable {
  public struct Value: Sendable, Hashable {
    public let name: String
    public let type: TensorType
  }

  private let configuration: DetectorConfiguration

  /// `configuration` must be valid.
  public init(_ configuration: DetectorConfiguration) { self.configuration = configuration }

  public static let texts = Dim(Symbol("texts"))
  public static let queries = Dim(Symbol("queries"))

  public func inputs(_ graph: DetectorGraph) -> [Value] {
    let size = Dim(constant: configuration.imageSize)
    let tokens = Dim(constant: configuration.tokenCount)
    return switch graph {
    case .encodeText:
      [
        Value(name: "tokens", type: TensorType(.int32, [Self.texts, tokens])),
        Value(name: "ends", type: TensorType(.int32, [Self.texts])),
      ]
    case .findBoxes: [Value(name: "image", type: .float(1, size, size, 3))]
    case .matchQueries:
      classValues + [Value(name: "queries", type: .float(1, Self.queries, width))]
    }
  }

  public func outputs(_ graph: DetectorGraph) -> [Value] {
    let objectness = Value(name: "objectness", type: .float(1, boxes, 1))
    return switch graph {
    case .encodeText: [Value(name: "queries", type: .float(Self.texts, width))]
    case .findBoxes:
      [Value(name: "boxes", type: .float(1, boxes, 4))]
        + (configuration.kind.hasObjectness ? [objectness] : []) + classValues
    case .matchQueries: [Value(name: "logits", type: .float(1, boxes, Self.queries))]
    }
  }

  /// The class features of boxes: results of one graph and operands of another.
  private var classValues: [Value] {
    [
      Value(name: "classes", type: .float(1, boxes, width)),
      Value(name: "shift", type: .float(1, boxes, 1)),
      Value(name: "scale", type: .float(1, boxes, 1)),
    ]
  }

  private var boxes: Dim { Dim(constant: configuration.boxCount) }
  private var width: Dim { Dim(constant: configuration.queryWidth) }

  // MARK: - Checking

  /// Checks that the graphs of `model` have the interface that its configuration implies.
  /// - Throws: `config.mismatch`, `model.interface`; `json.*` and `config.*` for the configuration.
  public static func verify(_ model: Model) throws(Failure) {
    try DetectorInterface(DetectorConfiguration(metadata: model.metadata)).check(model)
  }

  /// - Throws: `config.mismatch`, `model.interface`.
  public func check(_ model: Model) throws(Failure) {
    let known = Set(DetectorGraph.allCases.map(\.rawValue))
    for graph in model.graphs where !known.contains(graph.name) {
      throw Self.failure("model.interface", "a detector has no graph called \(graph.name)")
    }
    for name in DetectorGraph.allCases {
      guard let graph = model.graph(name.rawValue) else {
        throw Self.failure("model.interface", "graph \(name.rawValue) is missing")
      }
      let found = [
        graph.inputs.map { ($0.name, $0.value) }, graph.outputs.map { ($0.name, $0.value) },
      ]
      for (values, expected) in zip(found, [inputs(name), outputs(name)]) {
        let declared = values.map { Value(name: $0.0, type: graph[$0.1].type) }
        try check(declared, against: expected, in: name)
      }
    }
  }

  private func check(
    _ found: [Value], against expected: [Value], in graph: DetectorGraph
  ) throws(Failure) {
    guard Set(found.map(\.name)) == Set(expected.map(\.name)), found.count == expected.count else {
      throw Self.failure(
        "model.interface",
        "graph \(graph.rawValue) has \(found.map(\.name).joined(separator: ", ")), not "
          + expected.map(\.name).joined(separator: ", "))
    }
    for value in expected where !found.contains(value) {
      throw Self.failure(
        "config.mismatch", "\(value.name) of graph \(graph.rawValue) is not \(value.type)")
    }
  }

  private static func failure(_ code: String, _ message: String) -> Failure {
    Failure(
      .badInput, code: code, message,
      hint: "convert the checkpoint again with the sam2-convert of this version")
  }
}
