extension ModelConfiguration {
  /// Everything that remembers frames, except for object pointers.
  public struct Memory: Sendable, Equatable {
    /// Channels of a memory.
    public var dim = 64
    public var attention = Attention()
    public var encoder = Encoder()
    public var bank = Bank()
    /// Summarises memories; nil keeps a token for each cell of the feature map.
    public var perceiver: Perceiver?
  }
}

extension ModelConfiguration.Memory {
  /// The transformer that conditions a frame on memories.
  public struct Attention: Sendable, Equatable {
    public var layers = 4
    public var feedforward = 2048
    public var heads = 1
    public var ropeTheta = 10_000.0
    public var posEncAtInput = true
    public var posEncAtAttn = false
    public var posEncAtCrossAttnKeys = true
    public var posEncAtCrossAttnQueries = false
    public var pooling = Pooling.none
  }

  /// Pooling of cells in attention to more than one memory (Xiong et al., "Efficient Track
  /// Anything", arXiv 2411.18933).
  ///
  /// Rotated keys and values are averaged over 2 x 2 cells; each average represents four tokens.
  /// Pointers are not pooled, nor is a single memory.
  public enum Pooling: String, Sendable, CaseIterable {
    /// All cells are attended to.
    case none
    /// Scores of pooled keys are raised by log 4: `EfficientRoPEAttention1`.
    case raisedScores = "raised_scores"
    /// All components of pooled keys are raised by log 4: `EfficientRoPEAttention2`.
    case raisedKeys = "raised_keys"
  }

  /// The network that encodes features and a mask as a memory.
  public struct Encoder: Sendable, Equatable {
    /// Kernel, stride and padding of the convolutions that bring a mask to the feature map's size.
    public var maskDownsamplerKernel = 3
    public var maskDownsamplerStride = 2
    public var maskDownsamplerPadding = 1
    public var fuserLayers = 2
    public var fuserKernel = 7
    public var sigmoidScaleForMemEnc = 20.0
    public var sigmoidBiasForMemEnc = -10.0
    /// Whether memories of frames without the object get an embedding of their own (SAM 2.1).
    public var noObjEmbedSpatial = true
  }

  /// The choice of frames whose memories are attended to.
  public struct Bank: Sendable, Equatable {
    /// Number of memories with a temporal code: the conditioning ones (which share one) and the
    /// recent ones.
    public var numMaskmem = 7
    /// -1 means no limit.
    public var maxCondFramesInAttn = -1
    public var memoryTemporalStrideForEval = 1
    public var directlyAddNoMemEmbed = true
  }
}
