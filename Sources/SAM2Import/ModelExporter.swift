public import Bytes
public import Graph
import JSON
import SAM2Config
public import Tensors

/// Gives back the tensors of a model under their official names, in the official order.
public enum ModelExporter {
  /// What can be exported of a model.
  public struct Export: Sendable {
    public let tensors: any TensorCollection
    /// Names that were int8 and are computed back: they are not the values of the checkpoint.
    public let dequantized: [String]
    /// Names of factors that stand for products in which a pass had folded the checkpoint's: a
    /// model computes the same with them, but they are not the values of the checkpoint.
    public let refactored: [String]
    /// Official names that the model does not have, because no model computes with them: zeros
    /// stand in for them, so that the checkpoint is complete.
    public let zeroed: [String]
  }

  /// The official tensors of `model`; one that was stored in float comes as it is stored.
  ///
  /// Elements are computed when they are read, one tensor at a time.
  /// - Throws: `export.quantized` for a quantised model unless `dequantizing`, `export.weight` for
  ///   a weight that is not official or is missing, and what reading the configuration throws.
  public static func export(_ model: Model, dequantizing: Bool) throws(Failure) -> Export {
    let configuration = try ModelConfiguration(json: try model.metadata.required("configuration"))
    let official = OfficialTensors(configuration)
    let unfolded = try FoldedProducts(model.weights, official)
    let weights = unfolded.weights
    try checkNames(weights, official)
    let dequantized = weights.names.filter { weights[$0]?.dtype == .int8 }
    let changed = dequantized.count + unfolded.factors.count
    guard dequantizing || changed == 0 else {
      throw Failure(
        .usage, code: "export.quantized",
        "\(changed) weights of the model are int8 or folded into others: the values of the "
          + "checkpoint it was made from are gone",
        hint: "export the model it was made from, or pass --dequantize for values that compute "
          + "the same as this model")
    }
    return Export(
      tensors: WeightView(weights, official), dequantized: dequantized,
      refactored: unfolded.factors, zeroed: official.names.filter { weights[$0] == nil })
  }

  /// Passes when `weights` are the official ones, or scales of such, and none is missing that
  /// anything computes with.
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
      guard OfficialTensors.unused.contains(name) else {
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

  /// What the quantiser appends to the name of a weight for its scales.
  static let scaleSuffix = ".scale"
}

/// Weights of a model in their official shapes; int8 ones times their scales, in float32, as are
/// the zeros for those it lacks.
private struct WeightView: TensorCollection {
  let names: [String]
  private let weights: WeightTable
  private let shapes: [String: Shape]

  init(_ weights: WeightTable, _ official: OfficialTensors) {
    names = official.names
    self.weights = weights
    shapes = official.shapes.mapValues { Shape($0) }
  }

  func description(of name: String) -> TensorDescription? {
    guard let shape = shapes[name] else { return nil }
    let stored = weights[name]?.dtype ?? .float32
    return TensorDescription(dtype: stored == .int8 ? .float32 : stored, shape: shape)
  }

  func tensor(_ name: String) throws(Failure) -> Tensor {
    guard let shape = shapes[name] else {
      throw Failure(.badInput, code: "tensor.missing", "the model has no tensor \(printable(name))")
    }
    guard let tensor = weights[name] else { return Tensor(dtype: .float32, shape: shape) { _ in } }
    // Products in int8 have matrices for 1x1 kernels; the exporter has checked the element count.
    return (tensor.dtype == .int8 ? try dequantized(tensor, name) : tensor).reshaped(shape)
  }

  private func dequantized(_ tensor: Tensor, _ name: String) throws(Failure) -> Tensor {
    var values = tensor.floats()
    try WeightScales.apply(&values, name, weights)
    return Tensor(values, shape: tensor.shape)
  }
}

/// Multiplies int8 weights by the scales of their rows.
enum WeightScales {
  /// - Throws: `export.scale` when there is not one scale for each row.
  static func apply(
    _ values: inout [Float], _ name: String, _ weights: WeightTable
  ) throws(Failure) {
    guard let tensor = weights[name], let scale = weights[name + ModelExporter.scaleSuffix],
      tensor.shape.rank > 0, scale.shape == Shape([tensor.shape[0]])
    else {
      throw Failure(
        .badInput, code: "export.scale", "an int8 weight has no scale for each of its rows",
        place: "tensor \(name)")
    }
    let depth = tensor.elementCount / max(1, tensor.shape[0])
    for (row, scale) in scale.floats().enumerated() {
      for i in (row * depth)..<((row + 1) * depth) { values[i] *= scale }
    }
  }
}
