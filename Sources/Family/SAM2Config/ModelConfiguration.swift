/// Everything about a SAM 2 model that is not a weight.
///
/// Names follow the reference's configuration files, in camel case and grouped by the module that
/// they describe. The initial values are those of SAM 2.1 Tiny. Some of them the reference does not
/// take from the file but sets when it builds a predictor: `decoder.dynamicMultimaskViaStability`
/// (with its two numbers) and `tracking.binarizeMaskFromPointsForMemEnc`; here they start with that
/// predictor's values.
public struct ModelConfiguration: Sendable, Equatable {
  /// Human-readable name, for example "sam2.1_hiera_tiny"; "custom" when nothing published matches.
  public var variant = "custom"

  // MARK: Input and width

  /// Side of the square input, in pixels.
  public var imageSize = 1024
  /// Input pixels per cell of the feature map, along one side.
  public var backboneStride = 16
  /// Means of red, green and blue in 0...1, subtracted from the input.
  public var pixelMean = [0.485, 0.456, 0.406]
  /// Standard deviations by which the centred input is divided.
  public var pixelStd = [0.229, 0.224, 0.225]
  /// Width of the model: channels of the feature maps and tokens.
  public var dModel = 256

  // MARK: Modules

  public var trunk = Trunk.hiera(Hiera())
  public var neck = Neck()
  public var memory = Memory()
  public var pointers = ObjectPointers()
  public var decoder = MaskDecoder()
  public var tracking = Tracking()

  public init() {}
}

// MARK: - Derived sizes

extension ModelConfiguration {
  /// Side of the feature map: `imageSize / backboneStride`.
  public var featureSide: Int { imageSize / backboneStride }
  /// Side of the decoder's masks: four cells per cell of the feature map.
  public var maskSide: Int { featureSide * 4 }
  /// The tokens of one memory: one per cell of the feature map, or those of the perceiver: first
  /// the ones in a grid, then the ones without a place.
  public var memoryTokens: MemoryTokens {
    if let perceiver = memory.perceiver {
      return MemoryTokens(
        count: perceiver.latents2D + perceiver.latents, rotatedCount: perceiver.latents2D,
        gridSide: perceiver.gridSide)
    }
    return MemoryTokens(
      count: featureSide * featureSide, rotatedCount: featureSide * featureSide,
      gridSide: featureSide)
  }
  /// Number of memory tokens that one object pointer is split into.
  public var tokensPerPointer: Int { max(1, dModel / memory.dim) }
  /// "EdgeTAM" when a perceiver summarises memories, "EfficientTAM" with a plain trunk, "HQ-SAM"
  /// with an HQ token; else "SAM 2.1" when the model has what 2.1 added, or "SAM 2".
  public var family: String {
    if memory.perceiver != nil { return "EdgeTAM" }
    if trunk.kind == .vit { return "EfficientTAM" }
    if decoder.hasHQToken { return "HQ-SAM" }
    return memory.encoder.noObjEmbedSpatial || pointers.projTposEncInObjPtrs ? "SAM 2.1" : "SAM 2"
  }
}
