public import Bytes

extension ModelConfiguration {
  /// Checks what graphs and predictors rely on, so that numbers from a file cannot break them.
  /// - Throws: `config.value` for a number out of range or one that does not fit the others,
  ///   `config.unsupported` for a choice of the reference that is not implemented here.
  public func validate() throws(Failure) {
    try requireRanges([
      ("image_size", imageSize, Self.imageSizes), ("d_model", dModel, 32...4096),
      ("max_obj_ptrs_in_encoder", pointers.maxObjPtrsInEncoder, 2...4096),
    ])
    try memory.validateRanges()
    try decoder.validateRanges()
    try validateNumbers()
    switch trunk {
    case .hiera(let hiera): try hiera.validate(imageSize: imageSize)
    case .repvit(let repvit): try repvit.validate(imageSize: imageSize)
    case .vit(let vit): try vit.validate(imageSize: imageSize)
    }
    try validateWidths()
    try memory.encoder.validate(backboneStride: backboneStride)
    try memory.perceiver?.validate(featureSide: featureSide, width: memory.dim)
    try validateChoices()
  }

  private func validateNumbers() throws(Failure) {
    try require(pixelMean.count == 3 && pixelStd.count == 3, "mean and std need three numbers")
    try require(pixelStd.allSatisfy { $0 > 0 }, "standard deviations must be positive")
    let numbers =
      pixelMean + pixelStd + [
        memory.attention.ropeTheta, memory.encoder.sigmoidScaleForMemEnc,
        memory.encoder.sigmoidBiasForMemEnc, decoder.dynamicMultimaskStabilityDelta,
        decoder.dynamicMultimaskStabilityThresh,
      ]
    try require(numbers.allSatisfy { $0.magnitude < 1e9 }, "a number is not finite, or huge")
    try require(memory.attention.ropeTheta > 1, "rope_theta must be more than 1")
  }

  private func validateWidths() throws(Failure) {
    try require(dModel % 32 == 0, "d_model \(dModel) is not a multiple of 32")
    try require(memory.dim % 4 == 0, "memory width \(memory.dim) is not a multiple of 4")
    try require(
      dModel % memory.dim == 0, "d_model is not a multiple of the memory width \(memory.dim)")
    try require(
      dModel / 2 % decoder.heads == 0, "d_model \(dModel) does not fit \(decoder.heads) heads")
    try require(
      dModel % (4 * memory.attention.heads) == 0,
      "d_model does not fit \(memory.attention.heads) rotary heads")
  }

  private func validateChoices() throws(Failure) {
    func support(_ condition: Bool, _ what: String) throws(Failure) {
      try require(condition, "\(what) is not supported", code: "config.unsupported")
    }
    let levels = trunk.levelWidths.count
    try support(backboneStride == 16, "backbone_stride \(backboneStride)")
    try support(
      levels - neck.scalp == trunk.outputLevels, "scalp \(neck.scalp) with \(levels) levels")
    try support(["nearest", "bilinear"].contains(neck.fpnInterpModel), "fpn_interp_model")
    let isPyramid = trunk.outputLevels > 1
    try support(
      decoder.useHighResFeaturesInSam == isPyramid,
      "a decoder \(isPyramid ? "without" : "with") high-resolution features on this trunk")
    try support(
      memory.attention.pooling == .none
        || memory.perceiver == nil && memory.attention.heads == 1 && featureSide % 2 == 0,
      "pooled memory attention with a perceiver, several heads or an odd feature map")
    try support(pointers.useObjPtrsInEncoder, "a model without object pointers")
    try support(memory.bank.directlyAddNoMemEmbed, "directly_add_no_mem_embed: false")
    try support(
      !pointers.fixedNoObjPtr || decoder.predObjScores, "fixed_no_obj_ptr without pred_obj_scores")
    try support(
      !pointers.projTposEncInObjPtrs || pointers.addTposEncToObjPtrs,
      "proj_tpos_enc_in_obj_ptrs without add_tpos_enc_to_obj_ptrs")
    let limit = memory.bank.maxCondFramesInAttn
    try support(limit == -1 || limit >= 2, "max_cond_frames_in_attn")
  }
}

extension ModelConfiguration.Memory {
  fileprivate func validateRanges() throws(Failure) {
    try requireRanges([
      ("memory attention layers", attention.layers, 1...64),
      ("dim_feedforward", attention.feedforward, 1...65536),
      ("memory attention heads", attention.heads, 1...64), ("memory width", dim, 4...4096),
      ("mask kernel", encoder.maskDownsamplerKernel, 1...16),
      ("mask stride", encoder.maskDownsamplerStride, 2...16),
      ("mask padding", encoder.maskDownsamplerPadding, 0...8),
      ("fuser layers", encoder.fuserLayers, 0...64), ("fuser kernel", encoder.fuserKernel, 1...31),
      ("num_maskmem", bank.numMaskmem, 1...64),
      ("memory_temporal_stride_for_eval", bank.memoryTemporalStrideForEval, 1...4096),
    ])
  }
}

extension ModelConfiguration.Memory.Encoder {
  /// The strided convolutions must bring a mask to the size of the feature map.
  fileprivate func validate(backboneStride: Int) throws(Failure) {
    var reach = 1
    while reach < backboneStride { reach *= maskDownsamplerStride }
    try require(
      reach == backboneStride, "mask stride \(maskDownsamplerStride) does not reach 16",
      code: "config.unsupported")
    try require(
      maskDownsamplerKernel == 2 * maskDownsamplerPadding + 1
        || maskDownsamplerKernel == maskDownsamplerStride && maskDownsamplerPadding == 0,
      "mask kernel \(maskDownsamplerKernel) with padding \(maskDownsamplerPadding)",
      code: "config.unsupported")
    try require(fuserKernel % 2 == 1, "the fuser's kernel \(fuserKernel) must be odd")
  }
}

extension ModelConfiguration.MaskDecoder {
  fileprivate func validateRanges() throws(Failure) {
    try requireRanges([
      ("decoder depth", depth, 1...64), ("decoder heads", heads, 1...64),
      ("decoder feedforward", feedforward, 1...65536),
      ("IoU head width", iouHeadHiddenDim, 1...65536),
    ])
  }
}

// MARK: - Requirements

/// - Throws: a refusal of the configuration unless `condition` holds.
func require(
  _ condition: Bool, _ message: @autoclosure () -> String, code: String = "config.value"
) throws(Failure) {
  if !condition { throw Failure(.badInput, code: code, message(), place: "configuration") }
}

func requireRanges(
  _ values: [(name: String, value: Int, range: ClosedRange<Int>)]
) throws(Failure) {
  for (name, value, range) in values {
    try require(range.contains(value), "\(name) is \(value), not in \(range)")
  }
}
