/// Options for reading pictures.
public struct PictureOptions: Sendable, Hashable {
  /// Maximum width times height.
  public var maximumPixels: Int
  /// The sample values of a 16-bit picture that map to black and to white.
  public var sampleRange = SampleRange.full

  public init(maximumPixels: Int = ImageReader.defaultMaximumPixels) {
    self.maximumPixels = maximumPixels
  }

  /// The largest file size for such a picture: 16 bits each of red, green, blue and alpha that do
  /// not compress, and as much again for everything around them.
  var maximumByteCount: Int {
    max(1 << 30, maximumPixels.multipliedReportingOverflow(by: 16).partialValue)
  }
}

/// The sample values of a 16-bit picture that map to black and to white in 8 bits.
public enum SampleRange: Sendable, Hashable {
  /// 0 and 65535: the high byte is kept.
  case full
  /// The picture's minimum and maximum sample; for frames, those of the first.
  case automatic
  /// The minimum and maximum of the samples of interest.
  case values(ClosedRange<UInt16>)
}
