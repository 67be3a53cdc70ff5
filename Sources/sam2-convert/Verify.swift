import ArgumentParser
import Bytes
import CLISupport
import ModelFile

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Checks a model file whole: hashes, shapes, graphs.")

  @Argument(help: "A .sam2 file.")
  var file: String

  @OptionGroup var common: CommonOptions

  func run() throws {
    try Tool.run {
      let progress = ProgressLine("verifying", unit: "bytes", enabled: !common.quiet)
      defer { progress.finish() }
      try ModelFile.verify(file) { progress.update($0, of: $1) }
      common.note("\(file): whole")
    }
  }
}
