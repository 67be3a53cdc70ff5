import Bytes
public import Calibration
public import Comparison
public import Graph
public import JSON
public import Passes
public import Quantizer

/// A model file in a report.
public struct ReportedFile: Sendable {
  /// Without folders.
  public let name: String
  public let byteCount: Int
  /// As `sha256sum` prints it.
  public let sha256: String

  public init(name: String, byteCount: Int, sha256: String) {
    self.name = name
    self.byteCount = byteCount
    self.sha256 = sha256
  }
}

/// The common content of all reports on one run of the quantiser.
protocol ReportedRun {
  /// Words of the command line, the command's name first.
  var command: [String] { get }
  var tool: String { get }
  var input: ReportedFile { get }
  var output: ReportedFile { get }
  /// The model in the input, and the one in the output.
  var before: Model { get }
  var after: Model { get }
  var log: [Pipeline.Entry] { get }
  var decisions: [Decision] { get }
  /// Rules and steps of the quantiser; nil when nothing was rounded.
  var recipe: JSONValue? { get }
  /// Budget that the file had to meet.
  var minimumIoU: Double? { get }
  /// Nil when no calibration inputs were given.
  var calibration: ReportedCalibration? { get }
}

/// The inputs of a calibration, and what it gave up.
struct ReportedCalibration {
  let sources: [CalibratedModel.Source]
  let skipped: [Failure]
  /// False when there were too few inputs to keep some for measuring.
  let isHeldOut: Bool
  /// Weights that went back to floating point.
  let fallback: [String]
}

/// The content of a report on one run of the quantiser.
public struct ReportContent: ReportedRun, Sendable {
  public typealias File = ReportedFile

  /// Where the figures of pictures, or of clips, come from.
  public enum Origin: String, Sendable {
    /// Given to calibrate with, and kept out of it.
    case heldOut = "held-out"
    /// Given, and too few to keep any out.
    case calibration
    /// Nothing was given, so the built-in sample scene is used.
    case sample = "sample-scene"
  }

  /// Words of the command line, the command's name first.
  public var command: [String]
  public var tool: String
  public var input: File
  public var output: File
  /// The model in the input, and the one in the output.
  public var before: Model
  public var after: Model
  public var log: [Pipeline.Entry]
  public var decisions: [Decision]
  /// Rules and steps of the quantiser; nil when nothing was rounded.
  public var recipe: JSONValue?
  public var calibrated: CalibratedModel?
  /// Budget that the file had to meet.
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
