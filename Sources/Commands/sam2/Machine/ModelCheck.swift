import ArgumentParser
import Bytes
import CLISupport
import GoldenPrompt
import Graph
import JSON
import ModelFile
import Runtime

/// Checks that a model gives the same results here as on the machine where its file was written.
struct ModelCheck: ParsableArguments {
  @Option(
    name: .customLong("model"),
    help: ArgumentHelp(
      "Model file to run once, and to compare with the run that it recorded (default: the built-in "
        + "model).", valueName: "file"))
  var file: String?

  @Flag(help: "Run it on every kernel level of this machine, not only on the best.")
  var allLevels = false

  /// The results for each level.
  struct Result {
    let name: String
    let levels: [(name: String, agreement: GoldenAgreement)]
  }

  /// - Throws: `golden.*` if the model computes something else or has no recorded results; any
  ///   error from reading the file.
  func run(best: String, _ machine: RunOptions, _ common: CommonOptions) throws(Failure) -> Result {
    let name = file ?? BundledFile.model.name
    let model =
      if let file {
        try ModelFile.open(file)
      } else {
        try ModelFile.read(storage: BundledFile.model.storage)
      }
    let run = GoldenRun(name, machine, common)
    var levels: [(name: String, agreement: GoldenAgreement)] = []
    for level in allLevels ? KernelTable.availableLevels : [best] {
      levels.append((level, try run.agreement(of: model, level: level)))
    }
    return Result(name: name, levels: levels)
  }
}

extension ModelCheck.Result {
  var rows: [(String, String)] {
    [("model", name)] + levels.map { ("  \($0.name)", $0.agreement.sentence) }
  }

  var json: JSONValue {
    .object([
      ("model", .string(name)),
      (
        "levels",
        .array(
          levels.map { level in
            .object([("kernel_level", .string(level.name)), ("run", level.agreement.json)])
          })
      ),
    ])
  }
}
