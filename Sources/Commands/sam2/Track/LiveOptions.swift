import ArgumentParser
import Bytes
import SAM2Jobs

/// The options of `sam2 track` for live video.
struct LiveOptions: ParsableArguments {
  @Flag(
    name: .customLong("live"),
    help: """
      VIDEO is a camera (/dev/video0), a stream (rtsp://…), a named pipe, a file played at its own \
      rate, or - for standard input: results leave as JSON lines on stdout.
      """)
  var isLive = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      Newer frames that may have come when a frame is tracked; others are dropped \
      (default: 0, always the newest).
      """, valueName: "n"))
  var maxLag: Int?

  @Option(
    help: ArgumentHelp(
      "Where prompts come from, a line each, while it runs (default: stdin, unless VIDEO is -).",
      valueName: "file|pipe"))
  var promptsFrom: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Seconds without a frame that end the job with 74 (default: 10).", valueName: "s"))
  var sourceTimeout: Double?

  func validate() throws {
    for (option, isGiven) in [
      ("--max-lag", maxLag != nil), ("--prompts-from", promptsFrom != nil),
      ("--source-timeout", sourceTimeout != nil),
    ] where isGiven && !isLive {
      throw ValidationError("\(option) is for --live")
    }
    guard (0...256).contains(maxLag ?? 0) else {
      throw ValidationError("--max-lag must be between 0 and 256")
    }
    guard (0.1...86_400).contains(sourceTimeout ?? 10) else {
      throw ValidationError("--source-timeout must be between 0.1 and 86400 seconds")
    }
  }

  /// The reader of prompts; nil if there is no source of prompts because standard input is the
  /// video.
  func promptReader(videoOnStandardInput isTaken: Bool) throws(Failure) -> LivePromptReader? {
    if let promptsFrom { return try LivePromptReader(path: promptsFrom) }
    return isTaken ? nil : LivePromptReader()
  }
}
