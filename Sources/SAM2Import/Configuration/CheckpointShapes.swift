import Bytes
import SAM2Config
import Tensors

/// Names and shapes of a checkpoint's tensors, and what a SAM 2 configuration can be read from.
struct CheckpointShapes {
  let names: [String]
  let shapes: [String: [Int]]

  init(_ tensors: any TensorCollection) {
    names = tensors.names
    var shapes: [String: [Int]] = [:]
    for name in tensors.names {
      shapes[name] = tensors.description(of: name)?.shape.dimensions
    }
    self.shapes = shapes
  }

  // MARK: - Comparison

  /// Where a checkpoint and what is expected of it part.
  struct Differences {
    var missing: [String] = []
    var unexpected: [String] = []
    var misshapen: [String] = []

    var isEmpty: Bool { missing.isEmpty && unexpected.isEmpty && misshapen.isEmpty }
  }

  func differences(from expected: OfficialTensors) -> Differences {
    Differences(
      missing: expected.names.filter { shapes[$0] == nil },
      unexpected: names.filter { expected.shapes[$0] == nil },
      misshapen: expected.names.filter { shapes[$0] != nil && shapes[$0] != expected.shapes[$0] })
  }

  func matches(_ configuration: ModelConfiguration) -> Bool {
    shapes == OfficialTensors(configuration).shapes
  }

  /// How many tensors have an expected name and its shape.
  func agreement(with expected: OfficialTensors) -> Int {
    names.count { shapes[$0] == expected.shapes[$0] }
  }

  // MARK: - Reading

  /// Size of one axis of a tensor of that rank.
  private func size(_ name: String, axis: Int, rank: Int) -> Int? {
    guard let shape = shapes[name], shape.count == rank else { return nil }
    return shape[axis]
  }

  /// How many consecutive indices, from 0, give the name of a tensor.
  private func count(_ name: (Int) -> String) -> Int {
    var index = 0
    while shapes[name(index)] != nil { index += 1 }
    return index
  }

  /// Blocks per stage: a stage begins where a block widens its map.
  private func stages(embedDim: Int) -> [Int] {
    var stages: [Int] = []
    var width = embedDim
    var index = 0
    while let output = size("image_encoder.trunk.blocks.\(index).norm2.weight", axis: 0, rank: 1) {
      if index == 0 || output != width { stages.append(0) }
      stages[stages.count - 1] += 1
      width = output
      index += 1
    }
    return stages
  }

  /// `base` with everything that shapes tell; nil when the checkpoint lacks what every SAM 2 has.
  func configuration(from base: ModelConfiguration) -> ModelConfiguration? {
    let trunk = "image_encoder.trunk"
    guard let embedDim = size("\(trunk).pos_embed", axis: 1, rank: 4),
      let height = size("\(trunk).pos_embed", axis: 2, rank: 4),
      let width = size("\(trunk).pos_embed", axis: 3, rank: 4),
      let window = size("\(trunk).pos_embed_window", axis: 2, rank: 4),
      let dModel = size("image_encoder.neck.convs.0.conv.weight", axis: 0, rank: 4),
      let memoryDim = size("maskmem_tpos_enc", axis: 3, rank: 4),
      let memories = size("maskmem_tpos_enc", axis: 0, rank: 4)
    else { return nil }
    var c = base
    c.embedDim = embedDim
    c.windowPosEmbedBackgroundSize = [height, width]
    c.stages = stages(embedDim: embedDim)
    c.qPoolStages = max(0, c.stages.count - 1)
    c.scalp = c.stages.count - 3
    c.windowSpec = [window] + c.windowSpec.dropFirst()
    c.dModel = dModel
    c.memoryDim = memoryDim
    c.numMaskmem = memories
    readMemory(&c)
    readDecoder(&c)
    return c
  }

  private func readMemory(_ c: inout ModelConfiguration) {
    let attention = "memory_attention.layers"
    c.memoryAttentionLayers = count { "\(attention).\($0).norm1.weight" }
    if let width = size("\(attention).0.linear1.weight", axis: 0, rank: 2) {
      c.memoryAttentionFeedforward = width
    }
    let downsampler = "memory_encoder.mask_downsampler.encoder.0.weight"
    if let kernel = size(downsampler, axis: 2, rank: 4) {
      c.maskDownsamplerKernel = kernel
      c.maskDownsamplerPadding = kernel % 2 == 1 ? kernel / 2 : 0
    }
    if let channels = size(downsampler, axis: 0, rank: 4) {
      c.maskDownsamplerStride = (1...16).first { $0 * $0 >= channels } ?? 0
    }
    c.fuserLayers = count { "memory_encoder.fuser.layers.\($0).dwconv.weight" }
    if let kernel = size("memory_encoder.fuser.layers.0.dwconv.weight", axis: 2, rank: 4) {
      c.fuserKernel = kernel
    }
    c.noObjEmbedSpatial = shapes["no_obj_embed_spatial"] != nil
  }

  private func readDecoder(_ c: inout ModelConfiguration) {
    let decoder = "sam_mask_decoder"
    c.decoderDepth = count { "\(decoder).transformer.layers.\($0).norm1.weight" }
    if let width = size("\(decoder).transformer.layers.0.mlp.layers.0.weight", axis: 0, rank: 2) {
      c.decoderFeedforward = width
    }
    if let width = size("\(decoder).iou_prediction_head.layers.0.weight", axis: 0, rank: 2) {
      c.iouHeadHiddenDim = width
    }
    c.useHighResFeaturesInSam = shapes["\(decoder).conv_s0.weight"] != nil
    c.predObjScores = shapes["\(decoder).obj_score_token.weight"] != nil
    if c.predObjScores {
      c.predObjScoresMlp = shapes["\(decoder).pred_obj_score_head.layers.0.weight"] != nil
    }
    c.useObjPtrsInEncoder = shapes["mask_downsample.weight"] != nil
    c.useMlpForObjPtrProj = shapes["obj_ptr_proj.layers.0.weight"] != nil
    c.projTposEncInObjPtrs = shapes["obj_ptr_tpos_proj.weight"] != nil
  }
}
