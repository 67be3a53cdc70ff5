/// Everything about a SAM 2 model that is not a weight.
///
/// Names follow the reference's configuration files in camel case. The initial values are those
/// of SAM 2.1 Tiny. Three of them the reference does not take from the file but sets when it
/// builds a predictor: `dynamicMultimaskViaStability` (with its two numbers) and
/// `binarizeMaskFromPointsForMemEnc`; here they start as that predictor has them.
public struct ModelConfiguration: Sendable, Equatable {
  /// Name for people, for example "sam2.1_hiera_tiny"; "custom" when nothing published matches.
  public var variant = "custom"

  // MARK: Input

  /// Side of the square input, in pixels.
  public var imageSize = 1024
  /// Input pixels per cell of the feature map, along one side.
  public var backboneStride = 16
  /// Means of red, green and blue in 0...1, subtracted from the input.
  public var pixelMean = [0.485, 0.456, 0.406]
  /// Deviations that the centred input is divided by.
  public var pixelStd = [0.229, 0.224, 0.225]

  // MARK: Trunk (Hiera)

  /// Channels of the first stage; each later stage has twice as many.
  public var embedDim = 96
  /// Attention heads of the first stage; each later stage has twice as many.
  public var numHeads = 1
  /// Blocks of each stage.
  public var stages = [1, 2, 7, 2]
  /// Blocks that attend to the whole map instead of windows.
  public var globalAttentionBlocks = [5, 7, 9]
  /// Side of the attention window in each stage.
  public var windowSpec = [8, 4, 14, 7]
  /// Height and width of the stored background position embedding.
  public var windowPosEmbedBackgroundSize = [7, 7]
  /// How many of the stage changes halve the map.
  public var qPoolStages = 3

  // MARK: Neck (feature pyramid)

  /// Width of the model: channels of the feature maps and tokens.
  public var dModel = 256
  /// Levels, finest first, that add the level above them.
  public var fpnTopDownLevels = [2, 3]
  /// How the level above is enlarged: "nearest" or "bilinear".
  public var fpnInterpModel = "nearest"
  /// Coarsest levels that are computed but not given out.
  public var scalp = 1
  /// Whether the decoder sees the two finest levels.
  public var useHighResFeaturesInSam = true

  // MARK: Memory attention

  public var memoryAttentionLayers = 4
  public var memoryAttentionFeedforward = 2048
  public var memoryAttentionHeads = 1
  public var ropeTheta = 10_000.0
  public var posEncAtInput = true
  public var posEncAtAttn = false
  public var posEncAtCrossAttnKeys = true
  public var posEncAtCrossAttnQueries = false

  // MARK: Memory encoder

  /// Channels of a memory.
  public var memoryDim = 64
  /// Kernel, stride and padding of the convolutions that bring a mask to the feature map's size.
  public var maskDownsamplerKernel = 3
  public var maskDownsamplerStride = 2
  public var maskDownsamplerPadding = 1
  public var fuserLayers = 2
  public var fuserKernel = 7
  public var sigmoidScaleForMemEnc = 20.0
  public var sigmoidBiasForMemEnc = -10.0
  public var binarizeMaskFromPointsForMemEnc = true
  public var nonOverlapMasksForMemEnc = false
  /// Whether memories of frames without the object get an embedding of their own (SAM 2.1).
  public var noObjEmbedSpatial = true

  // MARK: Memory bank

  /// Memories with a temporal code: conditioning ones (they share one) and the recent ones.
  public var numMaskmem = 7
  /// -1 is no limit.
  public var maxCondFramesInAttn = -1
  public var memoryTemporalStrideForEval = 1
  public var directlyAddNoMemEmbed = true

  // MARK: Object pointers

  public var useObjPtrsInEncoder = true
  public var maxObjPtrsInEncoder = 16
  public var addTposEncToObjPtrs = true
  public var projTposEncInObjPtrs = true
  public var useSignedTposEncToObjPtrs = true
  public var onlyObjPtrsInThePastForEval = true
  public var useMlpForObjPtrProj = true
  public var fixedNoObjPtr = true
  public var softNoObjPtr = false

  // MARK: Mask decoder

  public var decoderDepth = 2
  public var decoderHeads = 8
  public var decoderFeedforward = 2048
  public var iouHeadHiddenDim = 256
  public var iouPredictionUseSigmoid = true
  public var predObjScores = true
  public var predObjScoresMlp = true
  public var multimaskOutputInSam = true
  public var multimaskMinPtNum = 0
  public var multimaskMaxPtNum = 1
  public var multimaskOutputForTracking = true
  public var useMultimaskTokenForObjPtr = true
  public var dynamicMultimaskViaStability = true
  public var dynamicMultimaskStabilityDelta = 0.05
  public var dynamicMultimaskStabilityThresh = 0.98
  public var useMaskInputAsOutputWithoutSam = true

  public init() {}
}

// MARK: - Sizes that follow

extension ModelConfiguration {
  /// Side of the feature map: `imageSize / backboneStride`.
  public var featureSide: Int { imageSize / backboneStride }
  /// Side of the decoder's masks: four cells per cell of the feature map.
  public var maskSide: Int { featureSide * 4 }
  /// Blocks of the trunk.
  public var depth: Int { stages.reduce(0, +) }
  /// Channels of each stage, finest first.
  public var stageWidths: [Int] { stages.indices.map { embedDim << $0 } }
  /// Memory tokens that one object pointer is cut into.
  public var tokensPerPointer: Int { max(1, dModel / memoryDim) }
  /// "SAM 2.1" when the model has what 2.1 added, else "SAM 2".
  public var family: String { noObjEmbedSpatial || projTposEncInObjPtrs ? "SAM 2.1" : "SAM 2" }
}
