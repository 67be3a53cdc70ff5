public import Bytes
public import Graph

/// A rewrite of graphs that keeps their meaning.
public struct Pass: Sendable {
  /// What a pass may do to the numbers, and so how it is tested.
  public enum Promise: String, Sendable {
    /// Outputs are bit-identical.
    case exact
    /// Outputs agree within 1e-5 relative, by algebra that holds in real numbers.
    case algebraic
    /// Outputs differ within a stated budget.
    case budgeted
  }

  public let name: String
  public let promise: Promise
  /// One line for `sam2-quantize --passes`.
  public let summary: String
  public let rewrite: @Sendable (Graph) throws(Failure) -> Graph

  public init(
    name: String, promise: Promise, summary: String,
    rewrite: @escaping @Sendable (Graph) throws(Failure) -> Graph
  ) {
    self.name = name
    self.promise = promise
    self.summary = summary
    self.rewrite = rewrite
  }
}
