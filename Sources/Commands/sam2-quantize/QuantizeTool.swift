import ArgumentParser
import Bytes
import CLISupport
import Calibration
import DetectorConfig
import Graph
import JobSupport
import ModelFile
import QuantizationReport
import SAM2Config

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
        sam2-quantize tiny.sam2 -o out.sam2 --calibrate photos --report report
        sam2-quantize tiny.sam2 -o mixed.sam2 \\
          --keep-fp32 'image_encoder.trunk.blocks.0.*'
        sam2-quantize tiny.sam2 --dry-run --verbose
        sam2-quantize tiny.sam2 -o picture.sam2 --image-only
        sam2-quantize tiny.sam2 -o fast.sam2 --optimize-only
        sam2-quantize tiny.sam2 --bisect --calibrate photo.jpg
        sam2-quantize owlv2.sam2 -o owlv2-int8.sam2 --calibrate photos
        sam2-quantize --passes

      Weights become int8 with one scale per output channel; activations are quantised row by row \
      while the model runs, as attention is. With pictures or clips to calibrate with, the rounding \
      is chosen by the model's values on them, and its cost is measured and printed.

      Exit codes: 0 done, 1 some calibration inputs were bad or --bisect found a pass over its \
      budget, 64 usage, 65 bad input, 66 input \
      missing, 70 internal error, 73 cannot create the output, 74 reading or writing failed, 130 \
      Ctrl-C.
      """,
    version: Tool.version)

  @Argument(help: "A model file from sam2-convert.")
  var model: String?

  @Option(name: [.short, .long], help: "Path of the quantised model.")
  var output: String?

  @OptionGroup var choices: QuantizeOptions

  @OptionGroup var stages: StageOptions

  @OptionGroup var reporting: ReportOptions

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
    if stages.passes { return }
    guard model != nil else { throw ValidationError("name the model file to quantise") }
    if output == nil && !dryRun && !stages.bisect {
      throw ValidationError("give the output with -o OUT.sam2")
    }
    if reporting.folder != nil, dryRun || stages.bisect {
      throw ValidationError("--report is about a file that is written")
    }
    if choices.needsPictures && !stages.bisect {
      throw ValidationError("--min-iou and --sensitivity measure: give pictures with --calibrate")
    }
    if stages.optimizeOnly, choices.isGiven {
      throw ValidationError(
        "nothing is rounded with --optimize-only, so there is nothing to choose")
    }
  }

  func run() throws {
    try Tool.run(json: json) {
      guard let input = model, !stages.passes else { return PassListing.print(json: json) }
      let run = QuantizeRun(
        input: input, stages: stages, choices: choices, reporting: reporting, running: running,
        common: common, isDryRun: dryRun)
      if stages.bisect {
        // Refuses detectors.
        _ = try openedDetector(input)
        return try BisectionListing(run.bisection()).print(json: json)
      }
      try checkOutput(input)
      if let detector = try openedDetector(input) { return try quantize(detector) }
      let folder = try reporting.opened(replaceExisting: force)
      let source = try run.source()
      let result = try run.result(of: source)
      // Everything that can fail comes before the first file is written.
      let comparison = try folder.map { _ in try run.comparison(source, result) }
      try write(result.model)
      let byteCount = try ModelFile.byteCount(of: result.model)
      var summary = QuantizationSummary(
        input: input, output: dryRun ? nil : output, source: source, result: result,
        byteCount: byteCount)
      if let folder, let comparison, let output {
        let report = try run.report(of: result, comparison, as: output, byteCount: byteCount)
        try folder.write(report)
        summary.verdict = report.verdict
      }
      try summary.print(json: json, common)
      if let folder { common.note("report: \(folder.path)/index.html") }
      let bad = result.calibrated?.skipped.count ?? 0
      if bad > choices.maximumBad { throw Tool.someItemsFailed }
    }
  }

  /// The model at `input` if it is a detector.
  private func openedDetector(_ input: String) throws(Failure) -> DetectorQuantization? {
    let model = try ModelFile.open(input)
    do throws(Failure) {
      guard DetectorKind(try Architecture(metadata: model.metadata)) != nil else { return nil }
      try DetectorInterface.verify(model)
      try DetectorQuantization.refuse(choices, stages)
    } catch {
      throw error.about(file: input)
    }
    return DetectorQuantization(
      input: input, model: model, running: running, common: common, choices: choices)
  }

  private func quantize(_ detector: DetectorQuantization) throws {
    let folder = try reporting.opened(replaceExisting: force)
    let outcome = try detector.result(isDryRun: dryRun)
    try write(outcome.model)
    let byteCount = try ModelFile.byteCount(of: outcome.model)
    if let folder, let output,
      let report = try detector.report(of: outcome, as: output, byteCount: byteCount)
    {
      try folder.write(report)
      common.note("report: \(folder.path)/index.html")
    }
    try detector.printSummary(
      outcome, output: dryRun ? nil : output, byteCount: byteCount, json: json)
    if outcome.calibrated.looked.skipped.count > choices.maximumBad { throw Tool.someItemsFailed }
  }

  private func checkOutput(_ input: String) throws {
    guard let output, !dryRun else { return }
    if output == input || isSameFile(output, input) {
      throw Failure(
        .usage, code: "output.same", "the output would replace the input",
        hint: "choose another name", file: output)
    }
    if let folder = reporting.folder, folder == output || isSameFile(folder, output) {
      throw Failure(
        .usage, code: "output.same", "the report would replace the model",
        hint: "choose another name", file: folder)
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
}
