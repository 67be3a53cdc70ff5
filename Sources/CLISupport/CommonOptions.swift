public import ArgumentParser

/// Options of every command.
public struct CommonOptions: ParsableArguments {
  @Flag(name: [.short, .long], help: "Say nothing but errors and data.")
  public var quiet = false

  @Flag(name: .long, help: "Say more.")
  public var verbose = false

  public init() {}

  /// Tells the person something, unless they asked for quiet.
  public func note(_ text: String) {
    if !quiet { Console.error(text) }
  }

  /// Tells details when asked for.
  public func detail(_ text: String) {
    if verbose && !quiet { Console.error(text) }
  }
}

/// How much of the machine to use.
public struct RunOptions: ParsableArguments {
  @Option(help: "Threads to use (default: all processors).")
  public var threads: Int?

  public init() {}

  public func validate() throws {
    if let threads, threads < 1 || threads > 1024 {
      throw ValidationError("--threads must be between 1 and 1024, not \(threads)")
    }
  }
}
