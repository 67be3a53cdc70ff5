public import Graph
public import ModelInterface
public import SAM2Config

/// The result of an import.
public struct ImportedModel: Sendable {
  /// Graphs, weights under their official names in the official order, and metadata.
  public var model: Model
  public var configuration: ModelConfiguration
  /// The parts of a SAM 2 that the checkpoint holds.
  public var parts: ModelParts
  /// The layout that the names of its tensors follow.
  public var layout: NameLayout
  /// Settings that the checkpoint does not determine and so were assumed, in words.
  public var assumptions: [String]
  /// The requested change of the input size; nil when it is as configured.
  public var resizing: InputResizing?
  /// Choices, renamings, additions and omissions, for people.
  public var notes: [String] = []
  /// Tensors that hold NaN or infinity, and how many such elements each holds, in official order.
  public var nonFinite: [(name: String, count: Int)] = []
}
