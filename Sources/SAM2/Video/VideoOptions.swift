/// Choices of a `VideoPredictor` that are not part of the model.
public struct VideoOptions: Sendable, Hashable {
  /// Background specks inside a mask of at most so many low-resolution pixels are filled; 0 leaves
  /// them, which is what the reference does without CUDA.
  public var fillHoleArea = 8
  /// Gives a pixel that several objects claim to the one with the highest logit.
  public var masksDoNotOverlap = false
  /// Forgets what was tracked around a frame that gets annotated, because it may be outdated.
  public var clearsMemoryAroundInput = false
  /// Treats every corrected frame as a conditioning frame, not only first annotations.
  public var correctionsCondition = false
  /// Frames whose image features are kept: 17 MB each for the published models.
  public var featureCacheCapacity = 2

  public init() {}
}
