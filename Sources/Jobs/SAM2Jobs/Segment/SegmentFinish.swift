public import SAM2

/// The threshold and clean-up applied to the masks of prompts.
public struct SegmentFinish: Sendable, Equatable {
  /// Pixels with logits above this are inside.
  public var maskThreshold = 0.0
  /// Holes of up to this many low-resolution pixels are filled; 0 leaves them.
  public var maxHoleArea = 0
  /// Islands of up to this many low-resolution pixels are removed; 0 leaves them.
  public var maxSprinkleArea = 0
  /// How to use the HQ token's mask, which HQ-SAM models have.
  public var refinement = MaskRefinement.added

  public init() {}
}
