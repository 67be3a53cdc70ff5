import Bytes
public import Calibration
public import Comparison
public import Graph
public import JSON
public import Passes
public import Quantizer

/// The content of a report on a detector: boxes replace masks.
public struct DetectorReportContent: ReportedRun, Sendable {
  public let command: [String]
  public let tool: String
  public let input: ReportedFile
  public let output: ReportedFile
  public let before: Model
  public let after: Model
  public let log: [Pipeline.Entry]
  public let decisions: [Decision]
  public let recipe: JSONValue?
  /// The pictures and clips that were given; everything is empty if none were.
  public let looked: CalibratedDetector.Looked
  public let agreement: DetectorAgreement

  public init(
    command: [String], tool: String, input: ReportedFile, output: ReportedFile, before: Model,
    after: Model, log: [Pipeline.Entry], decisions: [Decision], recipe: JSONValue?,
    looked: CalibratedDetector.Looked, agreement: DetectorAgreement
  ) {
    (self.command, self.tool) = (command, tool)
    (self.input, self.output) = (input, output)
    (self.before, self.after) = (before, after)
    (self.log, self.decisions, self.recipe) = (log, decisions, recipe)
    (self.looked, self.agreement) = (looked, agreement)
  }

  let minimumIoU: Double? = nil

  var calibration: ReportedCalibration? {
    guard !looked.sources.isEmpty || !looked.skipped.isEmpty else { return nil }
    return ReportedCalibration(
      sources: looked.sources, skipped: looked.skipped, isHeldOut: looked.keepsSome, fallback: [])
  }

  /// Where the pictures come from.
  var origin: ReportContent.Origin {
    looked.measured.isEmpty ? .sample : looked.keepsSome ? .heldOut : .calibration
  }
}
