/// Algebra that the runtime applies to every graph while planning it; no file holds the result.
///
/// It is the only part of a plan that changes a graph's numbers; all other fusions preserve every
/// bit.
public enum ExecutionStage: String, Sendable, CaseIterable {
  /// For q of one token and head, q . (x Wk) = (Wk^T q) . x and sum p (x Wv) = (sum p x) Wv.
  case moveProjectionsToTokens = "move-projections-to-tokens"

  /// One line for `sam2-quantize --passes`.
  public var summary: String {
    switch self {
    case .moveProjectionsToTokens:
      "projects the few tokens in attention with an image, in place of its many cells, as a graph runs"
    }
  }
}
