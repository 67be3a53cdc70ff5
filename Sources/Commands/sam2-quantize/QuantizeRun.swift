import Bytes
import CLISupport
import Calibration
import Comparison
import GoldenPrompt
import Graph
import ModelFile
import ModelInterface
import Passes
import Quantizer
import Runtime
import SAM2

/// Takes one model through the pipeline, up to the stage given in the options.
struct QuantizeRun {
  let input: String
  let stages: StageOptions
  let choices: QuantizeOptions
  let reporting: ReportOptions
  let running: RunOptions
  let common: CommonOptions
  let isDryRun: Bool

  /// The model as read, in floating point if a second rounding is allowed.
  /// - Throws: `model.*`, `quantize.scale`.
  func source() throws(Failure) -> Model {
    let model = try ModelFile.open(input)
    // Calibration would discover a fault here; without it, nothing runs the model before it is
    // written.
    do { try ModelInterface.verify(model) } catch { throw error.about(file: input) }
    guard stages.allowRequantize, Dequantization.int8Weight(of: model) != nil else {
      return model
    }
    do { return try Dequantization.floatingPoint(model) } catch { throw error.about(file: input) }
  }

  /// Optimises and quantises, and keeps only the requested parts.
  ///
  /// Parts are dropped last, so that calibration sees a complete model at work, and a file of parts
  /// has the same weights as a complete file.
  /// - Throws: any error from the passes, the quantiser and the calibration, attributed to the
  ///   input.
  func result(of source: Model) throws(Failure) -> QuantizationResult {
    let last = try stages.last()
    let inputs = try choices.inputs()
    do {
      let (optimised, log) = try Pipeline.run(last.passes, on: source)
      var result = QuantizationResult(model: optimised, optimised: optimised, log: log)
      switch last {
      case .pass: break
      case .quantization(let stage): try quantize(&result, choices.recipe.until(stage), inputs)
      // The runtime rewrites plans after everything that a file can hold.
      case .execution: try quantize(&result, choices.recipe, inputs)
      }
      try result.reduce(to: stages.parts)
      result.sourceHash = try ModelFile.sha256(ofFile: input)
      let history = QuantizationHistory(result: result)
      result.model.metadata = history.added(to: result.model.metadata)
      try recordGolden(&result.model)
      return result
    } catch {
      throw error.about(file: input)
    }
  }

  /// Runs the result once and records its outputs, replacing those recorded by its source.
  private func recordGolden(_ model: inout Model) throws(Failure) {
    let golden: GoldenPrompt
    if isDryRun {
      golden = try .placeholder(for: model)
    } else {
      let progress = common.progress("running", unit: "graphs")
      defer { progress.finish() }
      let options = RuntimeOptions(threads: try running.threads())
      golden = try GoldenPrompt(running: model, options: options) { progress.update($0, of: $1) }
    }
    model.metadata = golden.added(to: model.metadata)
  }

  private func quantize(
    _ result: inout QuantizationResult, _ recipe: Recipe, _ inputs: CalibrationInputs?
  ) throws(Failure) {
    let quantizer = Quantizer(recipe)
    result.recipe = recipe
    let progress = common.progress("calibrating", unit: "")
    defer { progress.finish() }
    let options = choices.calibration(
      threads: try running.threads(), measuresAll: reporting.folder != nil)
    let calibrator = Calibrator(options) { progress.update($0, $1, of: $2) }
    guard let inputs else {
      let quantized = try calibrator.quantize(result.optimised, by: quantizer)
      result.model = quantized.model
      result.decisions = quantized.decisions
      result.equalisation = quantized.equalisation
      return
    }
    let calibrated = try calibrator.quantize(result.optimised, by: quantizer, inputs: inputs)
    result.model = calibrated.model
    result.decisions = calibrated.decisions
    result.calibrated = calibrated
    result.equalisation = calibrated.equalisation
  }
}

extension QuantizeRun {
  /// Checks every stage against its promise, on the first picture of `--calibrate` or the sample
  /// scene.
  /// - Throws: `quantize.bisect` if there are only clips.
  func bisection() throws(Failure) -> PassBisection {
    let model = try stages.parts.reduced(source())
    let options = RuntimeOptions(threads: try running.threads())
    let progress = common.progress("running", unit: "passes")
    defer { progress.finish() }
    do {
      return try PassBisection(
        of: model, recipe: choices.recipe, probe: probe(model, options),
        minimumIoU: choices.minimumIoU ?? PassBisection.defaultIoU, options: options
      ) { progress.update($0, of: $1) }
    } catch {
      throw error.about(file: input)
    }
  }

  private func probe(
    _ model: Model, _ options: RuntimeOptions
  ) throws(Failure) -> ComparisonProbe {
    guard let inputs = try choices.inputs() else { return ComparisonProbe() }
    guard let picture = inputs.pictures.first else {
      throw Failure(
        .usage, code: "quantize.bisect", "--bisect looks at a picture, and there are only clips",
        hint: "give a picture with --calibrate, or nothing for the sample scene")
    }
    return try ComparisonProbe(
      path: picture.path, prompted: SegmentationModel(model, options: options))
  }
}

/// The result of a run.
struct QuantizationResult {
  var model: Model
  /// The model after the exact and algebraic passes.
  private(set) var optimised: Model
  private(set) var log: [Pipeline.Entry]
  /// Nil if nothing was rounded.
  var recipe: Recipe?
  var decisions: [Decision] = []
  var calibrated: CalibratedModel?
  /// Nil if nothing was rounded.
  var equalisation: Equalised?
  /// SHA-256 of the input file.
  var sourceHash = ""

  init(model: Model, optimised: Model, log: [Pipeline.Entry]) {
    (self.model, self.optimised, self.log) = (model, optimised, log)
  }

  /// Drops all other parts of the model, together with their entries in the log.
  /// - Throws: `model.parts`.
  mutating func reduce(to parts: ModelParts) throws(Failure) {
    guard parts != .all else { return }
    optimised = try parts.reduced(optimised)
    let reduced = try Pipeline.run([.eliminateDeadCode], on: parts.reduced(model))
    model = reduced.model
    log = log.filter { model.graph($0.graph) != nil } + reduced.log
    decisions.removeAll { model.weights[$0.weight] == nil }
  }

  /// Entries that changed more than the order of values, including those of the quantiser's stages.
  var fullLog: [Pipeline.Entry] {
    log.filter { !$0.change.isEmpty } + QuantizationStage.log(from: optimised, to: model)
  }
}
