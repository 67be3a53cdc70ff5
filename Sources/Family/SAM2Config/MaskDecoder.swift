extension ModelConfiguration {
  /// SAM's two-way transformer with its heads, and how a mask is chosen among its candidates.
  public struct MaskDecoder: Sendable, Equatable {
    public var depth = 2
    public var heads = 8
    public var feedforward = 2048
    /// Whether the decoder sees the two finest levels of the neck.
    public var useHighResFeaturesInSam = true
    public var iouHeadHiddenDim = 256
    public var iouPredictionUseSigmoid = true
    public var predObjScores = true
    public var predObjScoresMlp = true
    public var dynamicMultimaskViaStability = true
    public var dynamicMultimaskStabilityDelta = 0.05
    public var dynamicMultimaskStabilityThresh = 0.98
    /// Whether a dedicated token, with dedicated features, refines the chosen mask: HQ-SAM.
    public var hasHQToken = false
  }
}
