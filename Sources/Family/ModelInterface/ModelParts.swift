public import Bytes
public import Graph
import JSON

/// Which parts of SAM 2 a model holds: all, or only the parts that some uses need.
public enum ModelParts: String, Sendable, CaseIterable {
  case all
  /// Pictures and prompts: no memory, and so no tracking.
  case imageOnly = "image-only"
  /// Features of pictures: no prompts and no masks.
  case encoderOnly = "encoder-only"

  /// A use of a model.
  public enum Use: Sendable, CaseIterable {
    case encoding
    case prompting
    case tracking
  }

  /// The smallest parts that include all graphs with these names; other names are ignored.
  public init(graphNames: some Sequence<String>) {
    let parts = Set(graphNames.compactMap { GraphName(rawValue: $0)?.part })
    self =
      if parts.contains(.all) {
        .all
      } else {
        parts.contains(.imageOnly) ? .imageOnly : .encoderOnly
      }
  }

  public func allows(_ use: Use) -> Bool {
    switch use {
    case .encoding: true
    case .prompting: self != .encoderOnly
    case .tracking: self == .all
    }
  }

  /// The graphs of a model with these parts, in the order of use.
  public var graphs: [GraphName] {
    GraphName.allCases.filter { graph in
      switch graph.part {
      case .encoderOnly: allows(.encoding)
      case .imageOnly: allows(.prompting)
      case .all: allows(.tracking)
      }
    }
  }

  /// `model` with only these parts, without the weights that none of the remaining graphs uses.
  ///
  /// Dead nodes that remain are for the pass that eliminates them.
  /// - Throws: `model.parts` when the model does not hold the parts.
  public func reduced(_ model: Model) throws(Failure) -> Model {
    guard self != .all else { return model }
    let kept = Set(graphs.map(\.rawValue))
    guard kept.allSatisfy({ model.graph($0) != nil }) else {
      throw Failure(
        .badInput, code: "model.parts", "the model lacks graphs that \(rawValue) keeps",
        hint: "begin with the file that sam2-convert wrote")
    }
    var result = model
    result.graphs = model.graphs.filter { kept.contains($0.name) }
    for index in result.graphs.indices
    where result.graphs[index].name == GraphName.constants.rawValue {
      result.graphs[index].outputs.removeAll { $0.name == ModelInterface.memoryPositions }
    }
    let before = Set(model.graphs.flatMap(\.weightNames))
    let after = Set(result.graphs.flatMap(\.weightNames))
    result.weights.keepOnly(Set(model.weights.names).subtracting(before.subtracting(after)))
    result.metadata = .object(
      (model.metadata.object ?? []).filter { $0.key != Self.metadataKey }
        + [(Self.metadataKey, .string(rawValue))])
    return result
  }

  /// Says in a file which parts it holds.
  public static let metadataKey = "parts"
}
