public import Calibration
public import Comparison
public import Graph
public import JSON
public import Passes
public import Quantizer

/// The content of a report on one run of the quantiser.
public struct ReportContent: Sendable {
  /// A model file.
  public struct File: Sendable {
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
}
