public import Bytes
import DetectorConfig
public import Graph
public import Tensors

/// Returns the tensors of a detector under the names that `transformers` uses, in its order.
public enum DetectorExporter {
  /// The tensors of `model` as stored, which is as they were in the checkpoint except for positions
  /// left out because of `--image-size`.
  /// - Throws: `export.quantized` for a model whose weights are rounded or folded into others,
  ///   `export.weight` for a missing weight; what reading the configuration throws.
  public static func tensors(of model: Model) throws(Failure) -> any TensorCollection {
    let official = DetectorTensors(try DetectorConfiguration(metadata: model.metadata))
    for name in official.names {
      guard let tensor = model.weights[name] else {
        guard !isRewritten(model) else { throw rewritten }
        throw Failure(
          .badInput, code: "export.weight",
          "the model lacks a weight that its configuration's checkpoints have",
          place: "tensor \(name)")
      }
      guard tensor.dtype != .int8 else { throw rewritten }
    }
    return StoredTensors(names: official.names, weights: model.weights)
  }

  private static func isRewritten(_ model: Model) -> Bool {
    model.weights.names.contains { model.weights[$0]?.dtype == .int8 }
  }

  private static var rewritten: Failure {
    Failure(
      .usage, code: "export.quantized",
      "the weights of the detector are rounded or folded into others: the values of the checkpoint "
        + "it was computed from are not in the file", hint: "export the model it was computed from")
  }
}

/// Some of a model's weights, in their own order.
private struct StoredTensors: TensorCollection {
  let names: [String]
  let weights: WeightTable

  func description(of name: String) -> TensorDescription? {
    weights[name].map { TensorDescription(dtype: $0.dtype, shape: $0.shape) }
  }

  func tensor(_ name: String) throws(Failure) -> Tensor {
    guard let tensor = weights[name] else {
      throw Failure(.badInput, code: "tensor.missing", "the model has no tensor \(printable(name))")
    }
    return tensor
  }
}
