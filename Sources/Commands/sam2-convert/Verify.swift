import ArgumentParser
import Bytes
import CLISupport
import Graph
import JSON
import ModelFile

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Checks a model file whole: hashes, shapes, graphs and their interface.",
    discussion: """
      Example:

        sam2-convert verify tiny.sam2
        sam2-convert verify tiny.sam2 --run

      With --run the model runs once, and its results are compared with those that were recorded \
      in the file: integer products exactly, everything else within a tolerance. The first graph \
      that differs is named, and the exit code is 65.
      """)

  @Argument(help: "A .sam2 file.")
  var file: String

  @Flag(
    name: .customLong("run"),
    help: "Also run the model, and compare with the run that the file recorded.")
  var runs = false

  @OptionGroup var machine: RunOptions

  @Flag(help: "Print the result as JSON.")
  var json = false

  @OptionGroup var common: CommonOptions

  func run() throws {
    try Tool.run(json: json) {
      let model = try verified()
      let agreement = runs ? try GoldenRun(file, machine, common).agreement(of: model) : nil
      if json {
        var report: [(key: String, value: JSONValue)] = [
          ("file", .string(file)), ("whole", .bool(true)),
          ("sha256", .string(try ModelFile.sha256(ofFile: file))),
        ]
        if let agreement { report.append(("run", agreement.json)) }
        Console.data(JSONValue.object(report).text(.pretty))
      } else {
        common.note("\(file): whole" + (agreement.map { ", " + $0.sentence } ?? ""))
      }
    }
  }

  /// The model, fully checked except for its computations.
  private func verified() throws -> Model {
    let progress = common.progress("verifying", unit: "bytes")
    defer { progress.finish() }
    do throws(Failure) {
      let model = try ModelFile.verify(file) { progress.update($0, of: $1) }
      try model.verifyInterface()
      return model
    } catch {
      throw error.about(file: file)
    }
  }
}
