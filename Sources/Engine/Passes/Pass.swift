public import Bytes
public import Graph

/// A rewrite of graphs that keeps their meaning.
public struct Pass: Sendable {
  /// The permitted effect of a pass on the numbers, which decides how it is tested.
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
  /// The graph that takes the place of another.
  ///
  /// New and changed weights go into the table; values are computed in double precision and rounded
  /// once. A weight of the table may serve several graphs, so a changed one gets a new name. Weights
  /// without a remaining user are dropped by the pipeline.
  public let rewrite: @Sendable (Graph, inout WeightTable) throws(Failure) -> Graph

  public init(
    name: String, promise: Promise, summary: String,
    rewrite: @escaping @Sendable (Graph, inout WeightTable) throws(Failure) -> Graph
  ) {
    self.name = name
    self.promise = promise
    self.summary = summary
    self.rewrite = rewrite
  }
}
