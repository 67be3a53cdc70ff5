import ArgumentParser
import Bytes
import CLISupport
import Graph
import JSON
import ModelFile
import Passes
import Quantizer
import Tensors

@main
struct QuantizeTool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sam2-quantize",
    abstract: "Optimises a model's graphs and quantises its linear layers to int8.",
    discussion: """
      Weights become int8 with one scale per output channel; activations are quantised row by row
      while the model runs. Examples:

        sam2-quantize tiny.sam2 -o tiny-int8.sam2
        sam2-quantize tiny.sam2 -o mixed.sam2 --keep-fp32 'image_encoder.trunk.blocks.0.*'
        sam2-quantize tiny.sam2 --dry-run --verbose
        sam2-quantize --passes
      """,
    version: Tool.version)

  @Argument(help: "A model file from sam2-convert.")
  var model: String?

  @Option(name: [.short, .long], help: "Where the quantised model goes.")
  var output: String?

  @Option(
    name: .customLong("keep-fp32"),
    help: "Weights that stay in floating point: names, or patterns with * and ?. Repeatable.")
  var keepFloat: [String] = []

  @Flag(help: "List the graph passes in order and what each promises.")
  var passes = false

  @Flag(help: "Replace the output if it exists.")
  var force = false

  @Flag(help: "Print the result as JSON.")
  var json = false

  @Flag(help: "Report the recipe and the resulting size, but write nothing.")
  var dryRun = false

  @OptionGroup var common: CommonOptions

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
      var written: ModelFile.WrittenFile?
      if let output, !dryRun {
        let progress = ProgressLine("writing", unit: "bytes", enabled: !common.quiet)
        defer { progress.finish() }
        written = try ModelFile.write(result.model, to: output, replaceExisting: force) {
          progress.update($0, of: $1)
        }
      }
      QuantizationReport(
        input: input, output: output, source: source, result: result, written: written
      ).print(json: json, common)
    }
  }

  private func checkOutput(_ input: String) throws {
    guard let output, !dryRun else { return }
    if output == input {
      throw Failure(
        .usage, code: "output.same", "the output would replace the input",
        hint: "choose another name", file: output)
    }
    try AtomicFile.checkCanCreate(path: output, replaceExisting: force)
  }

  private func quantize(_ source: Model, _ input: String) throws(Failure) -> QuantizationResult {
    do {
      let (optimised, log) = try Pipeline.run(on: source)
      var recipe = Recipe()
      recipe.keepFloat = keepFloat
      var (model, decisions) = try Quantizer(recipe).quantize(optimised)
      let history = QuantizationHistory(
        sourceHash: ModelFile.sha256(of: try MappedFile.open(input)), log: log, recipe: recipe,
        decisions: decisions)
      model.metadata = history.added(to: model.metadata)
      return QuantizationResult(model: model, log: log, decisions: decisions)
    } catch {
      throw error.about(file: input)
    }
  }
}

/// What a run made.
struct QuantizationResult {
  let model: Model
  let log: [Pipeline.Entry]
  let decisions: [Quantizer.Decision]
}
