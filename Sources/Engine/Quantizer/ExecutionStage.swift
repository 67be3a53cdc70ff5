/// Algebra that the runtime applies to every graph when it plans it: no file holds its result.
///
/// It is the only thing that a plan changes about the numbers of a graph; all other fusions keep
/// every bit.
public enum ExecutionStage: String, Sendable, CaseIterable {
  /// With q of a token and head, q . (x Wk) = (Wk^T q) . x and sum p (x Wv) = (sum p x) Wv.
  case moveProjectionsToTokens = "move-projections-to-tokens"

  /// One line for `sam2-quantize --passes`.
  public var summary: String {
    switch self {
    case .moveProjectionsToTokens:
      "projects the few tokens in attention with an image, in place of its many cells, as a graph runs"
    }
  }
}
