public import Media

/// One mask that an `AutomaticMaskGenerator` found.
public struct AutomaticMask: Sendable, Hashable {
  /// The mask at the size of the picture; `runs.mask` has its pixels.
  public internal(set) var runs: RunLengthMask
  /// The box around the mask; for an empty mask, the crop's corner or all zeros.
  ///
  /// The far corner is the last pixel inside. The reference's `bbox` holds left, top, and the
  /// distances to the far corner, which are one less than the numbers of columns and rows.
  public internal(set) var box: PixelBox
  /// The model's own estimate of the mask's IoU with the true mask.
  public let predictedIoU: Float
  /// How little the area depends on the threshold, 0...1.
  public let stabilityScore: Float
  /// The click that gave the mask, in pixels of the picture.
  public let point: Prompt.Point
  /// The part of the picture that the model was shown.
  public let crop: CropBox

  /// Number of pixels inside.
  public var area: Int { runs.area }
}
