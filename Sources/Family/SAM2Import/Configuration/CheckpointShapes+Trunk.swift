import SAM2Config

/// The trunk, as far as shapes determine it.
extension CheckpointShapes {
  /// The trunk of the checkpoint; anything that shapes do not determine comes from `base` if that
  /// has the same kind; nil for an unknown kind.
  func trunk(from base: ModelConfiguration.Trunk) -> ModelConfiguration.Trunk? {
    for kind in ModelConfiguration.Trunk.Kind.allCases {
      let start = kind == base.kind ? base : kind.initial
      switch start {
      case .hiera(let hiera): if let found = self.hiera(from: hiera) { return .hiera(found) }
      case .repvit: if let found = repvit { return .repvit(found) }
      case .vit(let vit): if let found = self.vit(from: vit) { return .vit(found) }
      }
    }
    return nil
  }

  // MARK: - Hiera

  private static let path = "image_encoder.trunk"

  private func hiera(from base: Hiera) -> Hiera? {
    let positions = "\(Self.path).pos_embed"
    guard let embedDim = size(positions, axis: 1, rank: 4),
      let height = size(positions, axis: 2, rank: 4),
      let width = size(positions, axis: 3, rank: 4),
      let window = size("\(Self.path).pos_embed_window", axis: 2, rank: 4)
    else { return nil }
    var hiera = base
    hiera.embedDim = embedDim
    hiera.windowPosEmbedBackgroundSize = [height, width]
    hiera.stages = stages(embedDim: embedDim)
    hiera.qPoolStages = max(0, hiera.stages.count - 1)
    hiera.windowSpec = [window] + hiera.windowSpec.dropFirst()
    return hiera
  }

  /// Blocks per stage: a stage begins where a block widens its map.
  private func stages(embedDim: Int) -> [Int] {
    var stages: [Int] = []
    var width = embedDim
    var index = 0
    while let output = size("\(Self.path).blocks.\(index).norm2.weight", axis: 0, rank: 1) {
      if index == 0 || output != width { stages.append(0) }
      stages[stages.count - 1] += 1
      width = output
      index += 1
    }
    return stages
  }

  // MARK: - Plain transformer

  /// The trunk with the heads and windows of `base`.
  private func vit(from base: PlainViT) -> PlainViT? {
    let positions = "\(Self.path).pos_embed"
    guard let places = size(positions, axis: 1, rank: 3),
      let width = size(positions, axis: 2, rank: 3), width > 0,
      let hidden = size("\(Self.path).blocks.0.mlp.layers.0.weight", axis: 0, rank: 2),
      let side = (1...256).first(where: { $0 * $0 + 1 == places })
    else { return nil }
    var vit = base
    vit.embedDim = width
    vit.positionSide = side
    vit.depth = count { "\(Self.path).blocks.\($0).norm1.weight" }
    vit.mlpRatio = hidden / width
    return vit
  }

  // MARK: - RepViT

  /// The RepViT, which its shapes determine completely.
  private var repvit: RepViT? {
    let stem = "\(Self.path).body.stem"
    guard size("\(stem).conv1.c.weight", axis: 0, rank: 4) != nil else { return nil }
    var repvit = RepViT()
    (repvit.embedDims, repvit.depths) = ([], [])
    while let stage = repvitStage(repvit.depths.count) {
      repvit.embedDims.append(stage.width)
      repvit.depths.append(stage.depth)
    }
    guard let width = repvit.embedDims.first, width > 0,
      let hidden = size(
        "\(Self.path).body.stages_0.blocks.0.channel_mixer.conv1.c.weight", axis: 0, rank: 4)
    else { return nil }
    repvit.mlpRatio = hidden / width
    return repvit
  }

  private func repvitStage(_ stage: Int) -> (width: Int, depth: Int)? {
    let blocks = "\(Self.path).body.stages_\(stage).blocks"
    let depth = count { "\(blocks).\($0).token_mixer.conv.c.weight" }
    guard depth > 0,
      let width = size("\(blocks).0.token_mixer.conv.c.weight", axis: 0, rank: 4)
    else { return nil }
    return (width, depth)
  }
}
