/// Choices of reading pictures.
public struct PictureOptions: Sendable, Hashable {
  /// Width times height allowed.
  public var maximumPixels: Int
  /// The samples of a 16-bit picture that map to black and to white.
  public var sampleRange = SampleRange.full

  public init(maximumPixels: Int = ImageReader.defaultMaximumPixels) {
    self.maximumPixels = maximumPixels
  }

  /// The largest file of such a picture: 16 bits of red, green, blue and alpha that do not compress,
  /// and as much again for what is around them.
  var maximumByteCount: Int {
    max(1 << 30, maximumPixels.multipliedReportingOverflow(by: 16).partialValue)
  }
}

/// The samples of a 16-bit picture that map to black and to white in 8 bits.
public enum SampleRange: Sendable, Hashable {
  /// 0 and 65535: the high byte is kept.
  case full
  /// The minimum and the maximum sample of the picture; of frames those of the first.
  case automatic
  /// The minimum and the maximum of samples that are of interest.
  case values(ClosedRange<UInt16>)
}
