public import Bytes

extension ModelConfiguration {
  /// Checks what graphs and predictors rely on, so that numbers from a file cannot break them.
  /// - Throws: `config.value` for a number out of range or one that does not fit the others,
  ///   `config.unsupported` for a choice of the reference that is not implemented here.
  public func validate() throws(Failure) {
    try validateRanges()
    try validateTrunk()
    try validateHeads()
    try validateChoices()
  }

  private func validateRanges() throws(Failure) {
    let sizes: [(String, Int, ClosedRange<Int>)] = [
      ("image_size", imageSize, 32...8192), ("embed_dim", embedDim, 4...4096),
      ("num_heads", numHeads, 1...64), ("q_pool", qPoolStages, 0...3),
      ("d_model", dModel, 32...4096), ("memory attention layers", memoryAttentionLayers, 1...64),
      ("dim_feedforward", memoryAttentionFeedforward, 1...65536),
      ("memory attention heads", memoryAttentionHeads, 1...64),
      ("memory width", memoryDim, 4...4096), ("mask kernel", maskDownsamplerKernel, 1...16),
      ("mask stride", maskDownsamplerStride, 2...16),
      ("mask padding", maskDownsamplerPadding, 0...8),
      ("fuser layers", fuserLayers, 0...64), ("fuser kernel", fuserKernel, 1...31),
      ("num_maskmem", numMaskmem, 1...64),
      ("max_obj_ptrs_in_encoder", maxObjPtrsInEncoder, 2...4096),
      ("memory_temporal_stride_for_eval", memoryTemporalStrideForEval, 1...4096),
      ("decoder depth", decoderDepth, 1...64), ("decoder heads", decoderHeads, 1...64),
      ("decoder feedforward", decoderFeedforward, 1...65536),
      ("IoU head width", iouHeadHiddenDim, 1...65536),
    ]
    for (name, value, range) in sizes {
      try require(range.contains(value), "\(name) is \(value), not in \(range)")
    }
    try require(pixelMean.count == 3 && pixelStd.count == 3, "mean and std need three numbers")
    try require(pixelStd.allSatisfy { $0 > 0 }, "standard deviations must be positive")
    let numbers =
      pixelMean + pixelStd + [
        ropeTheta, sigmoidScaleForMemEnc, sigmoidBiasForMemEnc, dynamicMultimaskStabilityDelta,
        dynamicMultimaskStabilityThresh,
      ]
    try require(numbers.allSatisfy { $0.magnitude < 1e9 }, "a number is not finite, or huge")
    try require(ropeTheta > 1, "rope_theta must be more than 1")
  }

  private func validateTrunk() throws(Failure) {
    try require((3...5).contains(stages.count), "\(stages.count) stages, not 3 to 5")
    try require(stages.allSatisfy { (1...256).contains($0) }, "stages \(stages) out of range")
    try require(windowSpec.count == stages.count, "one window per stage is needed")
    try require(windowSpec.allSatisfy { (1...256).contains($0) }, "windows \(windowSpec)")
    try require(
      windowPosEmbedBackgroundSize.count == 2
        && windowPosEmbedBackgroundSize.allSatisfy { (1...1024).contains($0) },
      "the background position embedding needs a height and a width")
    try require(
      qPoolStages == stages.count - 1, "each change of stage must pool: q_pool is \(qPoolStages)",
      code: "config.unsupported")
    let coarsest = 4 << (stages.count - 1)
    try require(
      imageSize % coarsest == 0, "image_size \(imageSize) is no multiple of \(coarsest)")
    try require(
      imageSize / 4 % windowSpec[0] == 0,
      "image_size / 4 = \(imageSize / 4) is no multiple of the first window \(windowSpec[0])")
    try require(
      globalAttentionBlocks.allSatisfy { (0..<depth).contains($0) },
      "global blocks \(globalAttentionBlocks), but the trunk has \(depth)")
    for (index, block) in hieraBlocks.enumerated() {
      try require(
        !block.pools || block.window % 2 == 0, "block \(index) pools windows of odd \(block.window)"
      )
      try require(
        block.outputWidth % block.heads == 0,
        "block \(index): \(block.outputWidth) channels are not \(block.heads) whole heads")
    }
  }

  private func validateHeads() throws(Failure) {
    try require(dModel % 32 == 0, "d_model \(dModel) is no multiple of 32")
    try require(memoryDim % 4 == 0, "memory width \(memoryDim) is no multiple of 4")
    try require(dModel % memoryDim == 0, "d_model is no multiple of the memory width \(memoryDim)")
    try require(
      dModel / 2 % decoderHeads == 0, "d_model \(dModel) does not fit \(decoderHeads) heads")
    try require(
      dModel % (4 * memoryAttentionHeads) == 0,
      "d_model does not fit \(memoryAttentionHeads) rotary heads")
    var (layers, reach) = (0, 1)
    while reach < backboneStride {
      reach *= maskDownsamplerStride
      layers += 1
    }
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

  private func validateChoices() throws(Failure) {
    func support(_ condition: Bool, _ what: String) throws(Failure) {
      try require(condition, "\(what) is not supported", code: "config.unsupported")
    }
    try support(backboneStride == 16, "backbone_stride \(backboneStride)")
    try support(stages.count - scalp == 3, "scalp \(scalp) with \(stages.count) stages")
    try support(["nearest", "bilinear"].contains(fpnInterpModel), "fpn_interp_model")
    try support(useHighResFeaturesInSam, "a decoder without high-resolution features")
    try support(useObjPtrsInEncoder, "a model without object pointers")
    try support(directlyAddNoMemEmbed, "directly_add_no_mem_embed: false")
    try support(!fixedNoObjPtr || predObjScores, "fixed_no_obj_ptr without pred_obj_scores")
    try support(
      !projTposEncInObjPtrs || addTposEncToObjPtrs,
      "proj_tpos_enc_in_obj_ptrs without add_tpos_enc_to_obj_ptrs")
    try support(maxCondFramesInAttn == -1 || maxCondFramesInAttn >= 2, "max_cond_frames_in_attn")
  }

  private func require(
    _ condition: Bool, _ message: @autoclosure () -> String, code: String = "config.value"
  ) throws(Failure) {
    if !condition { throw Failure(.badInput, code: code, message(), place: "configuration") }
  }
}
