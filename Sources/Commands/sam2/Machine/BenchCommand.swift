import ArgumentParser
import Bytes
import CLISupport
import JSON
import Runtime
import SAM2

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measures how fast a model runs here.",
    discussion: """
      Examples:

        sam2 bench
        sam2 bench --model tiny-int8.sam2 --stages --threads 1

      Times encoding a picture, a click on an encoded picture, and tracked frames once the memory \
      bank is full, on random pixels. Percent of peak compares with the multiply-accumulates that \
      the cores reach with operands in registers, measured in the same run. With \
      --stages or --operators, which time each step, the share of the threads' time inside products \
      and attention is shown too; the rest is norms, rounding, activations, moves and waiting.
      """)

  @Option(help: "Measurements of each kind.")
  var runs = 5

  @Option(
    parsing: .upToNextOption,
    help: "Stages to measure: encode, click, track (default: all).")
  var kinds: [Benchmark.Kind] = []

  @Option(help: "Objects to track.")
  var objects = 1

  @Flag(help: "Show each graph of the model.")
  var stages = false

  @Flag(help: "Show each operator of each graph.")
  var operators = false

  @Flag(help: "Print as JSON.")
  var json = false

  @OptionGroup var model: ModelSource
  @OptionGroup var machine: RunOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard (1...1000).contains(runs) else {
      throw ValidationError("--runs must be between 1 and 1000")
    }
    guard (1...64).contains(objects) else {
      throw ValidationError("--objects must be between 1 and 64")
    }
  }

  func run() throws {
    try Tool.run(json: json) {
      let start = monotonicSeconds()
      let loaded = try model.load(machine, for: .encoding, timesSteps: stages || operators)
      let loading = monotonicSeconds() - start
      let progress = common.progress("measuring", unit: "runs")
      defer { progress.finish() }
      var bench = try Benchmark(
        loaded, runs: runs, kinds: try kinds(of: loaded), objects: objects,
        clocksProducts: stages || operators)
      bench.loadSeconds = loading
      try bench.measure { progress.update($0, of: $1) }
      progress.finish()
      let report = BenchReport(bench, model: model.name)
      Console.data(
        json
          ? report.json(withOperators: operators).text(.pretty)
          : report.text(withStages: stages, withOperators: operators))
    }
  }
}

extension BenchCommand {
  /// Stages to measure: the requested ones, or else all that the model has.
  private func kinds(of model: SegmentationModel) throws(Failure) -> [Benchmark.Kind] {
    for kind in kinds { try model.require(kind.use) }
    return kinds.isEmpty
      ? Benchmark.Kind.allCases.filter { model.parts.allows($0.use) } : kinds
  }
}

extension Benchmark.Kind {
  fileprivate var use: ModelParts.Use {
    switch self {
    case .encode: .encoding
    case .click: .prompting
    case .track: .tracking
    }
  }
}

extension Benchmark.Kind: ExpressibleByArgument {}
