public import ArgumentParser

/// How progress is shown on stderr.
public enum ProgressStyle: String, ExpressibleByArgument, CaseIterable, Sendable {
  /// A line redrawn in place on a terminal, plain lines elsewhere.
  case auto
  /// A line now and then.
  case plain
  /// A JSON object a line, for programs that read logs.
  case json
  /// Nothing.
  case none

  /// Whether lines are redrawn: not on a terminal that cannot, and not in a file.
  var redraws: Bool { self == .auto && Console.errorIsTerminal && !Console.terminalIsDumb }
}
