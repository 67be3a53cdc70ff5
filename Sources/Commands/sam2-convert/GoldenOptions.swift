import ArgumentParser
import Bytes
import CLISupport
import GoldenPrompt
import Graph
import JSON
import Runtime
import Tensors

/// Whether to add a golden prompt to a file.
struct GoldenOptions: ParsableArguments {
  @Flag(
    inversion: .prefixedNo,
    help: "Run the model once and record what comes out, for verify --run and sam2 doctor.")
  var golden = true

  /// `metadata` with a placeholder as large as the record of a run.
  /// - Throws: `graph.unbound`.
  func placeholder(for model: Model, in metadata: JSONValue) throws(Failure) -> JSONValue {
    guard golden else { return metadata }
    return try GoldenPrompt.placeholder(for: model).added(to: metadata)
  }

  /// `metadata` with the record of a run of `model`, using its weights as a file of type `storage`
  /// holds them.
  /// - Throws: any error from running the model.
  func added(
    running model: Model, storage: DType, to metadata: JSONValue, _ common: CommonOptions
  ) throws(Failure) -> JSONValue {
    guard golden else { return metadata }
    let progress = common.progress("running", unit: "graphs")
    defer { progress.finish() }
    let stored = model.stored(as: storage)
    return try GoldenPrompt(running: stored) { progress.update($0, of: $1) }.added(to: metadata)
  }
}

extension Model {
  /// The same model with float weights rounded to `storage`.
  fileprivate func stored(as storage: DType) -> Model {
    var result = self
    for name in weights.names {
      guard let tensor = weights[name], tensor.dtype.elementType == .float,
        tensor.dtype != storage
      else { continue }
      result.weights.set(name, tensor.converted(to: storage))
    }
    return result
  }
}
