import Bytes
public import Calibration
public import Comparison
public import Graph
public import JSON
public import Passes
public import Quantizer

/// A model file in a report.
public struct ReportedFile: Sendable {
  /// The file name, without folders.
  public let name: String
  public let byteCount: Int
  /// As printed by `sha256sum`.
  public let sha256: String

  public init(name: String, byteCount: Int, sha256: String) {
    self.name = name
    self.byteCount = byteCount
    self.sha256 = sha256
  }
}

/// The content common to all reports on one run of the quantiser.
protocol ReportedRun {
  /// The words of the command line, starting with the command's name.
  var command: [String] { get }
  var tool: String { get }
  var input: ReportedFile { get }
  var output: ReportedFile { get }
  /// The models in the input and in the output.
  var before: Model { get }
  var after: Model { get }
  var log: [Pipeline.Entry] { get }
  var decisions: [Decision] { get }
  /// The quantiser's rules and steps, or nil if nothing was rounded.
  var recipe: JSONValue? { get }
  /// The budget the file had to meet.
  var minimumIoU: Double? { get }
  /// Nil if no calibration inputs were given.
  var calibration: ReportedCalibration? { get }
}

/// The inputs to a calibration, and what it gave up on.
struct ReportedCalibration {
  let sources: [CalibratedModel.Source]
  let skipped: [Failure]
  /// False if there were too few inputs to hold any out for measuring.
  let isHeldOut: Bool
  /// Weights that were returned to floating point.
  let fallback: [String]
}

/// The content of a report on one run of the quantiser.
public struct ReportContent: ReportedRun, Sendable {
  public typealias File = ReportedFile

  /// The source of the figures for pictures or for clips.
  public enum Origin: String, Sendable {
    /// Given for calibration, but held out of it.
    case heldOut = "held-out"
    /// Given, but too few to hold any out.
    case calibration
    /// Nothing was given, so the built-in sample scene is used.
    case sample = "sample-scene"
  }

  /// The words of the command line, starting with the command's name.
  public var command: [String]
  public var tool: String
  public var input: File
  public var output: File
  /// The models in the input and in the output.
  public var before: Model
  public var after: Model
  public var log: [Pipeline.Entry]
  public var decisions: [Decision]
  /// The quantiser's rules and steps, or nil if nothing was rounded.
  public var recipe: JSONValue?
  public var calibrated: CalibratedModel?
  /// The budget the file had to meet.
  public var minimumIoU: Double?
  public var comparison: ModelComparison
  public var pictureOrigin: Origin
  public var clipOrigin: Origin

  public init(
    command: [String], tool: String, input: File, output: File, before: Model, after: Model,
    log: [Pipeline.Entry], decisions: [Decision], recipe: JSONValue?,
    calibrated: CalibratedModel?, minimumIoU: Double?, comparison: ModelComparison,
    pictureOrigin: Origin, clipOrigin: Origin
  ) {
    self.command = command
    self.tool = tool
    self.input = input
    self.output = output
    self.before = before
    self.after = after
    self.log = log
    self.decisions = decisions
    self.recipe = recipe
    self.calibrated = calibrated
    self.minimumIoU = minimumIoU
    self.comparison = comparison
    self.pictureOrigin = pictureOrigin
    self.clipOrigin = clipOrigin
  }
  var calibration: ReportedCalibration? {
    calibrated.map {
      ReportedCalibration(
        sources: $0.sources, skipped: $0.skipped, isHeldOut: $0.isHeldOut, fallback: $0.fallback)
    }
  }
}
