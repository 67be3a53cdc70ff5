/// The published configurations: four sizes of SAM 2, the same of SAM 2.1, HQ-SAM 2.1, EdgeTAM,
/// EfficientTAM, and our `nano`.
public enum KnownVariants {
  /// Those with distinct tensors, in order of size within a family: SAM 2 first, then HQ-SAM,
  /// EdgeTAM and EfficientTAM, `nano` last.
  public static let all: [ModelConfiguration] =
    sizes.map(sam2) + sizes.map(sam21) + [hqSAM, edgeTAM]
    + efficientSizes.map { efficientTAM($0) } + [nano]

  /// Those with the same tensors as one of `all`: only a configuration file distinguishes them.
  public static let alternatives: [ModelConfiguration] = efficientSizes.flatMap { size in
    [
      efficientTAM(size, suffix: "_1", pooling: .raisedScores),
      efficientTAM(size, suffix: "_2", pooling: .raisedKeys),
    ]
  }

  public static func named(_ name: String) -> ModelConfiguration? {
    (all + alternatives).first { $0.variant == name }
  }

  /// Names of the other published configurations that have the same tensors as `configuration`.
  public static func alternatives(to configuration: ModelConfiguration) -> [String] {
    alternatives.map(\.variant).filter { $0.hasPrefix(configuration.variant + "_") }
  }

  /// The numbers that differ between sizes.
  private struct Size: Sendable {
    var name: String
    var embedDim: Int
    var numHeads: Int
    var stages: [Int]
    var globalBlocks: [Int]
    var windows: [Int]
    var background: Int
  }

  private static let sizes: [Size] = [
    Size(
      name: "tiny", embedDim: 96, numHeads: 1, stages: [1, 2, 7, 2], globalBlocks: [5, 7, 9],
      windows: [8, 4, 14, 7], background: 7),
    Size(
      name: "small", embedDim: 96, numHeads: 1, stages: [1, 2, 11, 2], globalBlocks: [7, 10, 13],
      windows: [8, 4, 14, 7], background: 7),
    Size(
      name: "base_plus", embedDim: 112, numHeads: 2, stages: [2, 3, 16, 3],
      globalBlocks: [12, 16, 20], windows: [8, 4, 14, 7], background: 14),
    Size(
      name: "large", embedDim: 144, numHeads: 2, stages: [2, 6, 36, 4],
      globalBlocks: [23, 33, 43], windows: [8, 4, 16, 8], background: 7),
  ]

  private static func sam21(_ size: Size) -> ModelConfiguration {
    var hiera = Hiera()
    hiera.embedDim = size.embedDim
    hiera.numHeads = size.numHeads
    hiera.stages = size.stages
    hiera.globalAttentionBlocks = size.globalBlocks
    hiera.windowSpec = size.windows
    hiera.windowPosEmbedBackgroundSize = [size.background, size.background]
    var c = ModelConfiguration()
    c.variant = "sam2.1_hiera_\(size.name)"
    c.trunk = .hiera(hiera)
    return c
  }

  /// SAM 2 has no temporal codes on object pointers and no embedding for absent objects.
  private static func sam2(_ size: Size) -> ModelConfiguration {
    var c = sam21(size)
    c.variant = "sam2_hiera_\(size.name)"
    c.memory.encoder.noObjEmbedSpatial = false
    c.pointers.addTposEncToObjPtrs = false
    c.pointers.projTposEncInObjPtrs = false
    c.pointers.useSignedTposEncToObjPtrs = false
    return c
  }

  /// SAM 2.1 with a token that refines masks; there is one size.
  private static let hqSAM: ModelConfiguration = {
    var c = sam21(sizes[3])
    c.variant = "sam2.1_hq_hiera_large"
    c.decoder.hasHQToken = true
    return c
  }()

  /// SAM 2 with a mobile trunk, half as many layers of memory attention, and summarised memories.
  private static let edgeTAM: ModelConfiguration = {
    var c = sam2(sizes[0])
    c.variant = "edgetam"
    c.trunk = .repvit(RepViT())
    c.memory.attention.layers = 2
    c.memory.perceiver = ModelConfiguration.Memory.Perceiver()
    return c
  }()

  private static let efficientSizes = [
    (name: "ti", embedDim: 192, numHeads: 3), (name: "s", embedDim: 384, numHeads: 6),
  ]

  /// SAM 2 with a plain transformer with one map as its trunk.
  private static func efficientTAM(
    _ size: (name: String, embedDim: Int, numHeads: Int), suffix: String = "",
    pooling: ModelConfiguration.Memory.Pooling = .none
  ) -> ModelConfiguration {
    var vit = PlainViT()
    (vit.embedDim, vit.numHeads) = (size.embedDim, size.numHeads)
    var c = sam2(sizes[0])
    c.variant = "efficienttam_\(size.name)\(suffix)"
    c.trunk = .vit(vit)
    c.neck.scalp = 0
    c.decoder.useHighResFeaturesInSam = false
    c.memory.attention.pooling = pooling
    return c
  }

  /// SAM 2.1 with the layers of Tiny at small width, for 256 x 256 inputs.
  private static let nano: ModelConfiguration = {
    var hiera = Hiera()
    hiera.embedDim = 32
    hiera.stages = [1, 2, 4, 1]
    hiera.globalAttentionBlocks = [4, 6]
    hiera.windowSpec = [8, 4, 6, 4]
    var c = ModelConfiguration()
    c.variant = "nano"
    c.imageSize = 256
    c.trunk = .hiera(hiera)
    c.dModel = 192
    c.memory.dim = 64
    c.memory.attention.layers = 2
    c.memory.attention.feedforward = 512
    return c
  }()
}
