public import ArgumentParser
public import Bytes

/// Options of every command.
public struct CommonOptions: ParsableArguments {
  @Flag(name: [.short, .long], help: "Print errors and data only.")
  public var quiet = false

  @Flag(name: .long, help: "Print more.")
  public var verbose = false

  @Option(
    name: .customLong("progress"),
    help: "How progress is shown on stderr; auto draws one line on a terminal.")
  public var progressStyle = ProgressStyle.auto

  public init() {}

  /// Prints a message, unless quiet mode was requested.
  public func note(_ text: String) {
    if !quiet { Console.error(text) }
  }

  /// Prints details if they were requested.
  public func detail(_ text: String) {
    if verbose && !quiet { Console.error(text) }
  }

  /// A line that shows the progress of work, in the requested style.
  public func progress(_ title: String, unit: String) -> ProgressLine {
    ProgressLine(title, unit: unit, enabled: !quiet, style: progressStyle)
  }
}

/// How much of the machine to use.
public struct RunOptions: ParsableArguments {
  /// Environment variable with the number of threads to use without `--threads`.
  static let environmentVariable = "SAM2_THREADS"
  private static let range = 1...1024

  @Option(
    name: .customLong("threads"), parsing: .unconditional,
    help: """
      Threads to use (default: $SAM2_THREADS, else the processors that affinity and CPU quota leave).
      """)
  var given: Int?

  public init() {}

  public func validate() throws {
    if let given, !RunOptions.range.contains(given) {
      throw ValidationError("--threads must be between 1 and 1024, not \(given)")
    }
  }

  /// Number of threads to use; nil for all usable processors.
  /// - Throws: `threads.environment` if the variable is not a number.
  public func threads() throws(Failure) -> Int? {
    if let given { return given }
    guard let text = Console.variable(RunOptions.environmentVariable) else { return nil }
    guard let count = Int(text), RunOptions.range.contains(count) else {
      throw Failure(
        .usage, code: "threads.environment",
        "\(RunOptions.environmentVariable) must be between 1 and 1024, not \(printable(text))")
    }
    return count
  }
}
