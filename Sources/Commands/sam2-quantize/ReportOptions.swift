import ArgumentParser
import Bytes
import QuantizationReport

/// Whether and how to write a report.
struct ReportOptions: ParsableArguments {
  @Option(
    name: .customLong("report"),
    help: ArgumentHelp(
      "Compare the result with the input on held-out inputs, and write a page and its figures as "
        + "JSON into this folder.", valueName: "folder"))
  var folder: String?

  @Option(
    name: .customLong("report-frames"), help: "Frames of each clip that the report looks at.")
  var frames = 32

  func validate() throws {
    guard (2...10_000).contains(frames) else {
      throw ValidationError("--report-frames must be between 2 and 10000")
    }
  }

  /// The checked folder; nil if no report was requested.
  /// - Throws: `output.exists`, `output.folder`.
  func opened(replaceExisting: Bool) throws(Failure) -> ReportFolder? {
    guard let folder else { return nil }
    return try ReportFolder(folder, replaceExisting: replaceExisting)
  }
}
