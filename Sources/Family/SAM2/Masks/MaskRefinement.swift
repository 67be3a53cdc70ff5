import Tensors

/// How the HQ token's mask, which HQ-SAM models have, is used; other models' masks are shown as
/// they are.
///
/// Ke et al., Segment Anything in High Quality, arXiv 2306.01567.
public enum MaskRefinement: String, Sendable, CaseIterable {
  /// Its logits are added to those of the chosen mask.
  case added
  /// Its logits replace those of the chosen mask: `hq_token_only` of the reference.
  case alone

  /// Logits [S/4, S/4] of `mask` with the `refinement`, if there is one.
  func applied(_ refinement: Tensor?, to mask: Tensor) -> Tensor {
    guard let refinement else { return mask }
    switch self {
    case .added:
      return Tensor(zip(mask.floats(), refinement.floats()).map { $0 + $1 }, shape: mask.shape)
    case .alone: return refinement
    }
  }
}
