extension ModelConfiguration {
  /// Behaviour of the video predictor that no weight depends on.
  public struct Tracking: Sendable, Equatable {
    public var binarizeMaskFromPointsForMemEnc = true
    public var nonOverlapMasksForMemEnc = false
    public var multimaskOutputInSam = true
    public var multimaskMinPtNum = 0
    public var multimaskMaxPtNum = 1
    public var multimaskOutputForTracking = true
    public var useMultimaskTokenForObjPtr = true
    public var useMaskInputAsOutputWithoutSam = true
  }
}
