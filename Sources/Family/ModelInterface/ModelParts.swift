public import Bytes
public import Graph
import JSON
public import SAM2Config

/// Which parts of SAM 2 a model holds: all, or only those that certain uses need.
public enum ModelParts: String, Sendable, CaseIterable {
  case all
  /// Pictures and prompts: no memory, and hence no tracking.
  case imageOnly = "image-only"
  /// Pictures, points and boxes: no memory, and no masks as prompts.
  case pointsOnly = "points-only"
  /// Features of pictures: no prompts and no masks.
  case encoderOnly = "encoder-only"

  /// A use of a model.
  public enum Use: Sendable, CaseIterable {
    case encoding
    case prompting
    case maskPrompting
    case tracking
  }

  /// The smallest parts that include all graphs with these names; other names are ignored.
  public init(graphNames: some Sequence<String>) {
    self.init(needing: graphNames.compactMap { GraphName(rawValue: $0)?.use })
  }

  /// The smallest parts that allow all of `uses`.
  public init(needing uses: some Sequence<Use>) {
    let uses = Set(uses)
    self =
      if uses.contains(.tracking) {
        .all
      } else if uses.contains(.maskPrompting) {
        .imageOnly
      } else {
        uses.contains(.prompting) ? .pointsOnly : .encoderOnly
      }
  }

  public func allows(_ use: Use) -> Bool {
    switch use {
    case .encoding: true
    case .prompting: self != .encoderOnly
    case .maskPrompting: self == .all || self == .imageOnly
    case .tracking: self == .all
    }
  }

  /// The graphs of a model of `configuration` with these parts, in the order of use.
  public func graphs(of configuration: ModelConfiguration) -> [GraphName] {
    GraphName.allCases.filter { allows($0.use) && $0.exists(in: configuration) }
  }

  /// `model` with only these parts, without the weights that no remaining graph uses.
  ///
  /// Dead nodes remain, for the pass that eliminates them.
  /// - Throws: `model.parts` when the model does not hold the parts.
  public func reduced(_ model: Model) throws(Failure) -> Model {
    guard self != .all else { return model }
    // Graphs that exist only in some configurations serve tracking, which is not kept.
    let kept = Set(GraphName.allCases.filter { allows($0.use) }.map(\.rawValue))
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

  /// The entry in a file's metadata that names its parts.
  public static let metadataKey = "parts"
}
