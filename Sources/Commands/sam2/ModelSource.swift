public import ArgumentParser
import Bytes
import CLISupport
import GoldenPrompt
import Graph
import JSON
import ModelFile
public import Runtime
import SAM2

/// The source of the model: `--model FILE`, else the environment, else the built-in one.
struct ModelSource: ParsableArguments {
  /// Environment variable that names the model to use if `--model` is not given.
  static let environmentVariable = "SAM2_MODEL"

  @Option(
    name: .customLong("model"),
    help: ArgumentHelp(
      "Model file of sam2-convert or sam2-quantize (default: $SAM2_MODEL, else the small "
        + "one built into this command).",
      valueName: "file"))
  var file: String?

  @Flag(
    help: "First run the model once, and refuse it if its results differ from those in its file."
  )
  var checkModel = false

  @Option(
    help: ArgumentHelp(
      "Numbers that float products multiply: f32, or bf16 (bfloat16, as the official code under "
        + "autocast). Int8 products stay int8.", valueName: "f32|bf16"))
  var arithmetic = FloatArithmetic.float32

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Allow a model this many times the usual memory and work; for large models that are "
        + "trusted.", valueName: "factor"))
  var graphBudget = 1

  func validate() throws {
    guard (1...1_000_000).contains(graphBudget) else {
      throw ValidationError("--graph-budget must be between 1 and 1000000")
    }
  }

  /// The file to load; nil for the built-in model.
  private var path: String? {
    file ?? Console.variable(ModelSource.environmentVariable)
  }

  /// The model's name in results.
  var name: String { path ?? BundledFile.model.name }

  /// The model's identity for results: hashes of its parts, taken from the head of the file, and
  /// the arithmetic if it is not the usual one.
  /// - Throws: any error from reading the file.
  func identity() throws(Failure) -> String {
    let model =
      if let path {
        try ModelFile.inspect(path).sections.map(\.sha256).joined(separator: " ")
      } else {
        ModelFile.sha256(of: BundledFile.model.storage)
      }
    return arithmetic == .float32 ? model : "\(model) \(arithmetic.rawValue)"
  }

  /// The metadata of the model's file.
  /// - Throws: any error from reading the file.
  func metadata() throws(Failure) -> JSONValue {
    guard let path else { return try ModelFile.read(storage: BundledFile.model.storage).metadata }
    return try ModelFile.inspect(path).metadata
  }

  /// Loads the model for a given use.
  /// - Throws: any error from `SegmentationModel`; `model.image_only`, `model.encoder_only`.
  func load(
    _ machine: RunOptions, for use: ModelParts.Use = .prompting, timesSteps: Bool = false
  ) throws(Failure) -> SegmentationModel {
    let model = try load(machine, timesSteps)
    do {
      try model.require(use)
    } catch {
      throw error.about(file: name)
    }
    return model
  }

  private func load(
    _ machine: RunOptions, _ timesSteps: Bool
  ) throws(Failure) -> SegmentationModel {
    var options = RuntimeOptions(threads: try machine.threads())
    options.timesSteps = timesSteps
    options.arithmetic = arithmetic
    options.budget = GraphBudget.standard.scaled(by: graphBudget)
    let loaded =
      if let path {
        try ModelFile.open(path)
      } else {
        try ModelFile.read(storage: BundledFile.model.storage)
      }
    do {
      if checkModel {
        // The golden prompt was recorded in float32.
        var usual = options
        usual.arithmetic = .float32
        try GoldenPrompt.require(of: loaded, options: usual)
      }
      return try SegmentationModel(loaded, options: options)
    } catch {
      throw error.about(file: name)
    }
  }
}

extension FloatArithmetic: ExpressibleByArgument {}
