import Bytes
import CLISupport
import Calibration
import Comparison
import Graph
import ModelFile
import Passes
import Quantizer
import Runtime
import SAM2

/// Takes one model through the pipeline, as far as the options say.
struct QuantizeRun {
  let input: String
  let stages: StageOptions
  let choices: QuantizeOptions
  let running: RunOptions
  let common: CommonOptions

  /// The model as it is read, with the parts that are asked for, in floating point.
  /// - Throws: `quantize.already` unless a second rounding is allowed; `model.*`.
  func source() throws(Failure) -> Model {
    var model = try ModelFile.open(input)
    do {
      if stages.allowRequantize, Dequantization.int8Weight(of: model) != nil {
        model = try Dequantization.floatingPoint(model)
      }
      return try stages.parts.reduced(model)
    } catch {
      throw error.about(file: input)
    }
  }

  /// Optimises and quantises.
  /// - Throws: what the passes, the quantiser and the calibration throw, about the input.
  func result(of source: Model) throws(Failure) -> QuantizationResult {
    let last = try stages.last()
    let inputs = try choices.inputs()
    do {
      let (optimised, log) = try Pipeline.run(last.passes, on: source)
      var result = QuantizationResult(model: optimised, optimised: optimised, log: log)
      if case .quantization(let stage) = last {
        try quantize(&result, choices.recipe.until(stage), inputs)
      }
      let history = QuantizationHistory(
        sourceHash: try ModelFile.sha256(ofFile: input), result: result)
      result.model.metadata = history.added(to: result.model.metadata)
      return result
    } catch {
      throw error.about(file: input)
    }
  }

  private func quantize(
    _ result: inout QuantizationResult, _ recipe: Recipe, _ inputs: CalibrationInputs?
  ) throws(Failure) {
    let quantizer = Quantizer(recipe)
    result.recipe = recipe
    guard let inputs else {
      (result.model, result.decisions) = try quantizer.quantize(result.optimised)
      return
    }
    let progress = common.progress("calibrating", unit: "")
    defer { progress.finish() }
    let calibrator = Calibrator(choices.calibration(threads: try running.threads())) {
      progress.update($0, $1, of: $2)
    }
    let calibrated = try calibrator.quantize(result.optimised, by: quantizer, inputs: inputs)
    result.model = calibrated.model
    result.decisions = calibrated.decisions
    result.calibrated = calibrated
  }
}

extension QuantizeRun {
  /// Holds every stage to its promise, on the first picture of `--calibrate` or the sample scene.
  /// - Throws: `quantize.bisect` when there are only clips.
  func bisection() throws(Failure) -> PassBisection {
    let model = try source()
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

/// What a run made.
struct QuantizationResult {
  var model: Model
  /// After the exact and algebraic passes.
  let optimised: Model
  let log: [Pipeline.Entry]
  /// Nil when nothing was rounded.
  var recipe: Recipe?
  var decisions: [Decision] = []
  var calibrated: CalibratedModel?

  init(model: Model, optimised: Model, log: [Pipeline.Entry]) {
    (self.model, self.optimised, self.log) = (model, optimised, log)
  }

  /// The log with what the quantiser's stages did.
  var fullLog: [Pipeline.Entry] {
    log + QuantizationStage.log(from: optimised, to: model)
  }
}
