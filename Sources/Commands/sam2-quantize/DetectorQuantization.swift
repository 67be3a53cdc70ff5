import Bytes
import CLISupport
import Calibration
import Comparison
import Detector
import GoldenPrompt
import Graph
import JSON
import JobSupport
import ModelFile
import ModelInterface
import Passes
import QuantizationReport
import Quantizer
import Runtime

/// Quantises a detector using its weights, and measures its agreement on drawn scenes.
struct DetectorQuantization {
  let input: String
  let model: Model
  let running: RunOptions
  let common: CommonOptions

  let choices: QuantizeOptions

  /// - Throws: `quantize.detector` for an option that concerns masks.
  static func refuse(
    _ choices: QuantizeOptions, _ stages: StageOptions
  ) throws(Failure) {
    let options = [
      ("--min-iou", choices.minimumIoU != nil), ("--sensitivity", choices.sensitivity == true),
      ("--bisect", stages.bisect), ("--optimize-only", stages.optimizeOnly),
      ("--allow-requantize", stages.allowRequantize),
      ("the parts of a SAM 2", stages.parts != .all),
    ]
    guard let (name, _) = options.first(where: \.1) else { return }
    throw Failure(
      .usage, code: "quantize.detector",
      "\(name) is for models that predict masks, but this is a detector",
      hint: "leave it out; detectors accept --calibrate, --report, --keep-fp32 and --without")
  }

  /// The int8 model, and how well it agrees with the floating-point one.
  struct Outcome {
    var model: Model
    var agreement: DetectorAgreement?
    let calibrated: CalibratedDetector
    /// Graphs, decisions and hashes of the run.
    let result: QuantizationResult
  }

  func result(isDryRun: Bool) throws(Failure) -> Outcome {
    let inputs = try choices.inputs()
    do {
      let (optimised, log) = try Pipeline.run(Pipeline.standard, on: model)
      var recipe = Recipe.detector(weights: optimised.weights.names)
      recipe.keepFloat += choices.recipe.keepFloat
      recipe.steps = choices.recipe.steps
      let options = RuntimeOptions(threads: try running.threads())
      let calibrated = try calibrate(optimised, recipe, inputs, options)
      var result = QuantizationResult(model: calibrated.model, optimised: optimised, log: log)
      result.recipe = recipe
      result.decisions = calibrated.decisions
      result.equalisation = calibrated.equalisation
      result.sourceHash = try ModelFile.sha256(ofFile: input)
      var outcome = Outcome(model: calibrated.model, calibrated: calibrated, result: result)
      outcome.agreement = isDryRun ? nil : try measure(calibrated, options)
      outcome.model.metadata = QuantizationHistory(result: result).added(
        to: model.metadata, detector: calibrated, agreement: outcome.agreement)
      let golden =
        isDryRun
        ? try GoldenPrompt.placeholder(for: outcome.model)
        : try GoldenPrompt(running: outcome.model, options: options)
      outcome.model.metadata = golden.added(to: outcome.model.metadata)
      return outcome
    } catch {
      throw error.about(file: input)
    }
  }

  private func calibrate(
    _ optimised: Model, _ recipe: Recipe, _ inputs: CalibrationInputs?, _ options: RuntimeOptions
  ) throws(Failure) -> CalibratedDetector {
    let progress = common.progress("calibrating", unit: "")
    defer { progress.finish() }
    return try DetectorCalibrator(options) { progress.update($0, $1, of: $2) }
      .quantize(optimised, of: model, by: Quantizer(recipe), inputs: inputs)
  }

  /// Compares on inputs held out for measuring, or on sample scenes if none were given.
  private func measure(
    _ calibrated: CalibratedDetector, _ options: RuntimeOptions
  ) throws(Failure) -> DetectorAgreement {
    let progress = common.progress("comparing", unit: "pictures")
    defer { progress.finish() }
    let measured = calibrated.looked.measured
    return try DetectorAgreement(
      Detector(model, options: options), Detector(calibrated.model, options: options),
      on: measured.isEmpty ? .samples : .inputs(measured)
    ) { progress.update($0, of: $1) }
  }

  /// The report on the file that was written; nil if nothing was measured.
  /// - Throws: any error from reading the files again.
  func report(
    of outcome: Outcome, as output: String, byteCount: Int
  ) throws(Failure) -> QuantizationReport? {
    guard let agreement = outcome.agreement else { return nil }
    let result = outcome.result
    return QuantizationReport(
      DetectorReportContent(
        command: ["sam2-quantize"] + CommandLine.arguments.dropFirst(),
        tool: "sam2-quantize \(Tool.version)",
        input: .init(
          name: fileName(input), byteCount: try MappedFile.open(input).byteCount,
          sha256: result.sourceHash),
        output: .init(
          name: fileName(output), byteCount: byteCount,
          sha256: try ModelFile.sha256(ofFile: output)),
        before: model, after: outcome.model, log: result.fullLog, decisions: result.decisions,
        recipe: result.recipe?.json, looked: outcome.calibrated.looked, agreement: agreement))
  }

  /// Prints sizes and agreement.
  func printSummary(_ outcome: Outcome, output: String?, byteCount: Int, json: Bool) throws {
    let (agreement, looked) = (outcome.agreement, outcome.calibrated.looked)
    let sourceBytes = try ModelFile.byteCount(of: model)
    let share = Double(byteCount) / Double(max(1, sourceBytes))
    if json {
      var entries: [(key: String, value: JSONValue)] = [
        ("input", .string(input)), ("input_bytes", .init(sourceBytes)),
        ("output_bytes", .init(byteCount)), ("share", .init(share)),
        ("agreement", agreement?.json ?? .null),
        ("equalisation", outcome.calibrated.equalisation.json),
        ("skipped", .array(looked.skipped.map { .string(printable($0.description, limit: 2000)) })),
      ]
      if let output { entries.append(("output", .string(output))) }
      return Console.data(JSONValue.object(entries).text(.pretty))
    }
    for failure in looked.skipped { common.note("left out: \(failure)") }
    common.note(outcome.calibrated.equalisation.sentence)
    if let agreement {
      let origin =
        looked.measured.isEmpty
        ? "sample scenes" : looked.keepsSome ? "held-out pictures" : "pictures of the calibration"
      common.note("on \(agreement.pictureCount) \(origin): \(agreement.sentence)")
    }
    common.note(
      "\(readable(byteCount: sourceBytes)) -> \(output ?? "nothing written"), "
        + "\(readable(byteCount: byteCount)) (\(fixed(share * 100, 1)) %)")
  }
}

extension DetectorAgreement {
  fileprivate var sentence: String {
    let features = "class features \(fixed(classSignal, 1)) dB"
    guard detectionCount > 0 else { return "nothing was found to compare, \(features)" }
    return "\(fixed(boxAgreement * 100, 1)) % of \(detectionCount) boxes within IoU 0.95 (mean "
      + "\(fixed(meanOverlap, 4))), \(fixed(labelAgreement * 100, 1)) % with the same label, scores off "
      + "by \(fixed(meanScoreChange, 4)) (at most \(fixed(largestScoreChange, 4))), \(features)"
  }
}
