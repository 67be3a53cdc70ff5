import ArgumentParser
import Bytes
import CLISupport
import Calibration
import Graph
import JSON
import ModelFile
import Passes
import Quantizer
import Runtime

@main
struct QuantizeTool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sam2-quantize",
    abstract: "Optimises a model's graphs and quantises its linear layers to int8.",
    discussion: """
      Examples:

        sam2-quantize tiny.sam2 -o tiny-int8.sam2
        sam2-quantize tiny.sam2 -o tiny-int8.sam2 --calibrate photos
        sam2-quantize tiny.sam2 -o out.sam2 --calibrate photos --min-iou 0.99
        sam2-quantize tiny.sam2 -o mixed.sam2 \\
          --keep-fp32 'image_encoder.trunk.blocks.0.*'
        sam2-quantize tiny.sam2 --dry-run --verbose
        sam2-quantize --passes

      Weights become int8 with one scale per output channel; activations are quantised row by row \
      while the model runs, as attention is. With pictures or clips to calibrate with, the rounding \
      is chosen by what the model does with them, and what it costs is measured and told.

      Exit codes: 0 done, 1 some calibration inputs were bad, 64 usage, 65 bad input, 66 input \
      missing, 70 a bug of ours, 73 cannot create the output, 74 reading or writing failed, 130 \
      Ctrl-C.
      """,
    version: Tool.version)

  @Argument(help: "A model file from sam2-convert.")
  var model: String?

  @Option(name: [.short, .long], help: "Where the quantised model goes.")
  var output: String?

  @OptionGroup var choices: QuantizeOptions

  @Flag(help: "List the graph passes in order and what each promises.")
  var passes = false

  @Flag(help: "Replace the output if it exists.")
  var force = false

  @Flag(help: "Print the result as JSON.")
  var json = false

  @Flag(help: "Report the recipe and the resulting size, but write nothing.")
  var dryRun = false

  @OptionGroup var running: RunOptions

  @OptionGroup var common: CommonOptions

  static func main() { Tool.main(Self.self) }

  func validate() throws {
    if passes { return }
    guard model != nil else { throw ValidationError("name the model file to quantise") }
    if output == nil && !dryRun { throw ValidationError("give the output with -o OUT.sam2") }
  }

  func run() throws {
    try Tool.run {
      guard let input = model, !passes else {
        for pass in Pipeline.standard {
          Console.data("\(pass.name) (\(pass.promise.rawValue)): \(pass.summary)")
        }
        return
      }
      try checkOutput(input)
      let source = try ModelFile.open(input)
      let result = try quantize(source, input)
      try write(result.model)
      try QuantizationReport(
        input: input, output: dryRun ? nil : output, source: source, result: result,
        byteCount: try ModelFile.byteCount(of: result.model)
      ).print(json: json, common)
      let bad = result.calibrated?.skipped.count ?? 0
      if bad > choices.maximumBad { throw Tool.someItemsFailed }
    }
  }

  private func checkOutput(_ input: String) throws {
    guard let output, !dryRun else { return }
    if output == input || isSameFile(output, input) {
      throw Failure(
        .usage, code: "output.same", "the output would replace the input",
        hint: "choose another name", file: output)
    }
    try AtomicFile.checkCanCreate(path: output, replaceExisting: force)
  }

  /// Writes the model, unless this is a dry run.
  private func write(_ model: Model) throws {
    guard let output, !dryRun else { return }
    let progress = common.progress("writing", unit: "bytes")
    defer { progress.finish() }
    try ModelFile.write(model, to: output, replaceExisting: force) {
      progress.update($0, of: $1)
    }
  }

  private func quantize(_ source: Model, _ input: String) throws(Failure) -> QuantizationResult {
    let inputs = try choices.inputs()
    do {
      let (optimised, log) = try Pipeline.run(on: source)
      let quantizer = Quantizer(choices.recipe)
      var calibrated: CalibratedModel?
      if let inputs {
        let progress = common.progress("calibrating", unit: "")
        defer { progress.finish() }
        let calibrator = Calibrator(choices.calibration(threads: try running.threads())) {
          progress.update($0, $1, of: $2)
        }
        calibrated = try calibrator.quantize(optimised, by: quantizer, inputs: inputs)
      }
      var (model, decisions) =
        if let calibrated {
          (calibrated.model, calibrated.decisions)
        } else {
          try quantizer.quantize(optimised)
        }
      let history = QuantizationHistory(
        sourceHash: try ModelFile.sha256(ofFile: input), log: log,
        recipe: quantizer.recipe, decisions: decisions, calibrated: calibrated)
      model.metadata = history.added(to: model.metadata)
      return QuantizationResult(
        model: model, log: log, recipe: quantizer.recipe, decisions: decisions,
        calibrated: calibrated)
    } catch {
      throw error.about(file: input)
    }
  }
}

/// What a run made.
struct QuantizationResult {
  let model: Model
  let log: [Pipeline.Entry]
  let recipe: Recipe
  let decisions: [Decision]
  let calibrated: CalibratedModel?
}
