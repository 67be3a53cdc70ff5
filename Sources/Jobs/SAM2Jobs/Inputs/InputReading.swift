public import Media

/// How pictures, frames and masks are read: the choices shared by all jobs.
public struct InputReading: Sendable, Hashable {
  public var pictures: PictureOptions
  /// The meaning of values in mask files.
  public var masks: MaskReading

  public init(pictures: PictureOptions = PictureOptions(), masks: MaskReading = .auto) {
    (self.pictures, self.masks) = (pictures, masks)
  }
}
