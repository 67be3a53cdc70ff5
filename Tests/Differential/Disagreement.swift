/// Two ways to compute a graph that should agree and do not.
public struct Disagreement: Error, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}

/// The outcome of running a graph.
public enum Verdict: Sendable, Hashable {
  case agreed
  /// Refused by all ways, with the same code.
  case refused(code: String)
}
