public import DetectorConfig
public import Graph

/// The result of importing a detector.
public struct ImportedDetector: Sendable {
  /// Graphs, weights under the names of `transformers` in its order, the tokenizer, and metadata.
  public var model: Model
  public var configuration: DetectorConfiguration
  /// Settings that the checkpoint does not determine and so were assumed, in words.
  public var assumptions: [String]
  /// Parts that were left out or shortened, for people.
  public var notes: [String]
  /// Tensors that hold NaN or infinity, and how many such elements each holds.
  public var nonFinite: [(name: String, count: Int)]
}
