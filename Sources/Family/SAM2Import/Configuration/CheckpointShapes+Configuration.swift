import ModelInterface
import SAM2Config

/// The configuration, as far as shapes determine it.
extension CheckpointShapes {
  /// `base` with everything that shapes determine; nil when the checkpoint lacks something that
  /// every SAM 2 has.
  func configuration(from base: ModelConfiguration) -> ModelConfiguration? {
    guard let trunk = trunk(from: base.trunk), let dModel = neckWidth(of: trunk) else {
      return nil
    }
    var c = base
    c.trunk = trunk
    c.neck.scalp = trunk.levelWidths.count - trunk.outputLevels
    c.dModel = dModel
    readDecoder(&c.decoder)
    guard parts.allows(.tracking) else {
      // The model has no memory; the entries for it in the configuration need only be valid.
      if dModel % c.memory.dim != 0 { c.memory.dim = max(4, dModel / 4) }
      return c
    }
    guard let memoryDim = size("maskmem_tpos_enc", axis: 3, rank: 4),
      let memories = size("maskmem_tpos_enc", axis: 0, rank: 4)
    else { return nil }
    c.memory.dim = memoryDim
    c.memory.bank.numMaskmem = memories
    readMemory(&c.memory)
    readPointers(&c.pointers)
    return c
  }

  private func neckWidth(of trunk: ModelConfiguration.Trunk) -> Int? {
    let path = "image_encoder.neck.convs.0"
    return switch trunk {
    case .hiera, .repvit: size("\(path).conv.weight", axis: 0, rank: 4)
    case .vit: size("\(path).conv_1x1.weight", axis: 0, rank: 4)
    }
  }

  private func readMemory(_ memory: inout ModelConfiguration.Memory) {
    let attention = "memory_attention.layers"
    memory.attention.layers = count { "\(attention).\($0).norm1.weight" }
    if let width = size("\(attention).0.linear1.weight", axis: 0, rank: 2) {
      memory.attention.feedforward = width
    }
    let downsampler = "memory_encoder.mask_downsampler.encoder.0.weight"
    if let kernel = size(downsampler, axis: 2, rank: 4) {
      memory.encoder.maskDownsamplerKernel = kernel
      memory.encoder.maskDownsamplerPadding = kernel % 2 == 1 ? kernel / 2 : 0
    }
    if let channels = size(downsampler, axis: 0, rank: 4) {
      memory.encoder.maskDownsamplerStride = (1...16).first { $0 * $0 >= channels } ?? 0
    }
    memory.encoder.fuserLayers = count { "memory_encoder.fuser.layers.\($0).dwconv.weight" }
    if let kernel = size("memory_encoder.fuser.layers.0.dwconv.weight", axis: 2, rank: 4) {
      memory.encoder.fuserKernel = kernel
    }
    memory.encoder.noObjEmbedSpatial = shapes["no_obj_embed_spatial"] != nil
    memory.perceiver = perceiver(from: memory.perceiver ?? .init(), width: memory.dim)
  }

  /// `base` with everything that shapes determine; nil when the checkpoint has no perceiver.
  private func perceiver(
    from base: ModelConfiguration.Memory.Perceiver, width: Int
  ) -> ModelConfiguration.Memory.Perceiver? {
    let path = "spatial_perceiver"
    guard let latents = size("\(path).latents", axis: 0, rank: 2),
      let latents2D = size("\(path).latents_2d", axis: 0, rank: 2)
    else { return nil }
    var perceiver = base
    perceiver.latents = latents
    perceiver.latents2D = latents2D
    perceiver.layers = count { "\(path).layers.\($0).attn.to_q.weight" }
    if let hidden = size("\(path).layers.0.ff.1.weight", axis: 0, rank: 2), width > 0 {
      perceiver.feedforwardFactor = hidden / width
    }
    return perceiver
  }

  private func readDecoder(_ decoder: inout ModelConfiguration.MaskDecoder) {
    let path = "sam_mask_decoder"
    decoder.depth = count { "\(path).transformer.layers.\($0).norm1.weight" }
    if let width = size("\(path).transformer.layers.0.mlp.layers.0.weight", axis: 0, rank: 2) {
      decoder.feedforward = width
    }
    if let width = size("\(path).iou_prediction_head.layers.0.weight", axis: 0, rank: 2) {
      decoder.iouHeadHiddenDim = width
    }
    decoder.useHighResFeaturesInSam = shapes["\(path).conv_s0.weight"] != nil
    decoder.hasHQToken = shapes["\(path).hf_token.weight"] != nil
    decoder.predObjScores = shapes["\(path).obj_score_token.weight"] != nil
    if decoder.predObjScores {
      decoder.predObjScoresMlp = shapes["\(path).pred_obj_score_head.layers.0.weight"] != nil
    }
  }

  private func readPointers(_ pointers: inout ModelConfiguration.ObjectPointers) {
    pointers.useObjPtrsInEncoder = shapes["mask_downsample.weight"] != nil
    pointers.useMlpForObjPtrProj = shapes["obj_ptr_proj.layers.0.weight"] != nil
    pointers.projTposEncInObjPtrs = shapes["obj_ptr_tpos_proj.weight"] != nil
  }
}
