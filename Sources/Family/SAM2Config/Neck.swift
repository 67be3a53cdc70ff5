extension ModelConfiguration {
  /// The feature pyramid between trunk and heads.
  public struct Neck: Sendable, Equatable {
    /// Levels, finest first, that add the level above them.
    public var fpnTopDownLevels = [2, 3]
    /// Interpolation that enlarges the level above: "nearest" or "bilinear".
    public var fpnInterpModel = "nearest"
    /// Number of coarsest levels that are computed but not output.
    public var scalp = 1
  }
}
