import ArgumentParser
import Bytes
import CLISupport
import JSON
import SAM2

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measures how fast a model runs here.",
    discussion: """
      Times a picture with one click, and tracked frames of one object once the memory bank is \
      full, on random pixels. Percent of peak compares with the multiply-accumulates that the \
      cores reach with operands in registers, measured in the same run.
      """)

  @Option(help: "Measurements of each kind.")
  var runs = 5

  @Flag(help: "Show each graph of the model.")
  var stages = false

  @Flag(help: "Print as JSON.")
  var json = false

  @OptionGroup var model: ModelSource
  @OptionGroup var machine: RunOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard (1...1000).contains(runs) else {
      throw ValidationError("--runs must be between 1 and 1000")
    }
  }

  func run() throws {
    try Tool.run {
      let loaded = try model.load(machine)
      let progress = ProgressLine("measuring", unit: "runs", enabled: !common.quiet)
      defer { progress.finish() }
      var bench = try Benchmark(loaded, runs: runs)
      try bench.measure { progress.update($0, of: $1) }
      progress.finish()
      Console.data(
        json ? bench.json(model: model.name).text(.pretty) : bench.text(withStages: stages))
    }
  }
}
