public import ArgumentParser

/// How progress is shown on stderr.
public enum ProgressStyle: String, ExpressibleByArgument, CaseIterable, Sendable {
  /// A line redrawn in place on a terminal, plain lines elsewhere.
  case auto
  /// A line from time to time.
  case plain
  /// One JSON object per line, for programs that read logs.
  case json
  /// Nothing.
  case none

  /// Whether lines are redrawn: not on a terminal that cannot do so, and not in a file.
  var redraws: Bool { self == .auto && Console.errorIsTerminal && !Console.terminalIsDumb }
}
