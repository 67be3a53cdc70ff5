import ArgumentParser
import Bytes
import CLISupport
import JSON
import ModelFile
import ModelInterface

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Checks a model file whole: hashes, shapes, graphs and their interface.",
    discussion: """
      Example:

        sam2-convert verify tiny.sam2
      """)

  @Argument(help: "A .sam2 file.")
  var file: String

  @Flag(help: "Print the result as JSON.")
  var json = false

  @OptionGroup var common: CommonOptions

  func run() throws {
    try Tool.run(json: json) {
      let progress = common.progress("verifying", unit: "bytes")
      defer { progress.finish() }
      let model = try ModelFile.verify(file) { progress.update($0, of: $1) }
      do throws(Failure) {
        try ModelInterface.verify(model)
      } catch {
        throw error.about(file: file)
      }
      if json {
        let report: JSONValue = [
          "file": .string(file), "whole": .bool(true),
          "sha256": .string(try ModelFile.sha256(ofFile: file)),
        ]
        Console.data(report.text(.pretty))
      } else {
        common.note("\(file): whole")
      }
    }
  }
}
