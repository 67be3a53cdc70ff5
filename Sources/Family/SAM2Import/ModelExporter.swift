public import Bytes
public import Graph
import ModelInterface
import SAM2Config
public import Tensors

/// Returns the tensors of a model under their official names, in the official order.
public enum ModelExporter {
  /// The exportable contents of a model.
  public struct Export: Sendable {
    public let tensors: any TensorCollection
    /// Names of tensors that were int8 and are dequantised; their values are not the checkpoint's.
    public let dequantized: [String]
    /// Names of factors that replace those a pass had folded into products: a model computes the
    /// same with them, but their values are not the checkpoint's.
    public let refactored: [String]
    /// Official names that the model does not have, because no model computes with them; zeros
    /// replace them, so that the checkpoint is complete.
    public let zeroed: [String]

    /// Tensors that are all as they were in the checkpoint.
    package init(unchanged tensors: any TensorCollection) {
      self.init(tensors: tensors, dequantized: [], refactored: [], zeroed: [])
    }

    init(
      tensors: any TensorCollection, dequantized: [String], refactored: [String], zeroed: [String]
    ) {
      (self.tensors, self.dequantized) = (tensors, dequantized)
      (self.refactored, self.zeroed) = (refactored, zeroed)
    }
  }

  /// The official tensors of `model`; those stored as floats are returned as stored.
  ///
  /// Elements are computed when they are read, one tensor at a time.
  /// - Throws: `export.quantized` for a quantised model unless `dequantizing`, `export.weight` for
  ///   a weight that is unofficial or missing, and what reading the configuration throws.
  public static func export(_ model: Model, dequantizing: Bool) throws(Failure) -> Export {
    let configuration = try ModelConfiguration(metadata: model.metadata)
    let official = OfficialTensors(
      configuration, ModelParts(graphNames: model.graphs.map(\.name)))
    let norms = try FoldedNorms(model.weights, official)
    let products = try FoldedProducts(norms.weights, official)
    let (weights, factors) = (products.weights, norms.factors + products.factors)
    try checkNames(weights, official)
    let dequantized = weights.names.filter { weights[$0]?.dtype == .int8 }
    let changed = dequantized.count + factors.count
    guard dequantizing || changed == 0 else {
      throw Failure(
        .usage, code: "export.quantized",
        "\(changed) weights of the model are int8 or folded into others: the values of the "
          + "checkpoint it was made from are lost",
        hint: "export the model it was made from, or pass --dequantize for values that compute "
          + "the same as this model")
    }
    return Export(
      tensors: OfficialWeights(weights, official), dequantized: dequantized,
      refactored: factors, zeroed: official.names.filter { weights[$0] == nil })
  }

  /// Checks that `weights` are official ones or scales of these, and that none that is used in a
  /// computation is missing.
  private static func checkNames(
    _ weights: WeightTable, _ official: OfficialTensors
  ) throws(Failure) {
    for name in weights.names where !isScale(name, weights) {
      let expected = official.shapes[name].map { Shape($0).elementCount }
      guard weights[name]?.shape.elementCount == expected else {
        throw Failure(
          .badInput, code: "export.weight",
          "the model has a weight that its configuration's checkpoints do not have",
          place: "tensor \(name)")
      }
    }
    for name in official.names where weights[name] == nil {
      guard OfficialTensors.isUnused(name) else {
        throw Failure(
          .badInput, code: "export.weight",
          "the model lacks a weight that its configuration's checkpoints have",
          place: "tensor \(name)")
      }
    }
  }

  private static func isScale(_ name: String, _ weights: WeightTable) -> Bool {
    name.hasSuffix(scaleSuffix)
      && weights[String(name.dropLast(scaleSuffix.count))]?.dtype == .int8
  }

  /// The suffix that the quantiser appends to the name of a weight for its scales.
  static let scaleSuffix = ".scale"
}
