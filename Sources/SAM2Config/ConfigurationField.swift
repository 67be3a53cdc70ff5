import JSON

/// One entry of a configuration under its name in files: the reference's name where it has one.
struct ConfigurationField: Sendable {
  let key: String
  /// What the value must be, for messages.
  let expected: String
  let read: @Sendable (ModelConfiguration) -> JSONValue
  /// Answers false when the value is of another kind.
  let write: @Sendable (inout ModelConfiguration, JSONValue) -> Bool

  private typealias Path<Value> = any WritableKeyPath<ModelConfiguration, Value> & Sendable

  private init<Value>(
    _ key: String, _ path: Path<Value>, _ expected: String,
    encode: @escaping @Sendable (Value) -> JSONValue,
    decode: @escaping @Sendable (JSONValue) -> Value?
  ) {
    self.key = key
    self.expected = expected
    read = { encode($0[keyPath: path]) }
    write = { configuration, value in
      guard let decoded = decode(value) else { return false }
      configuration[keyPath: path] = decoded
      return true
    }
  }

  private static func flag(_ key: String, _ path: Path<Bool>) -> Self {
    Self(key, path, "true or false", encode: { .bool($0) }, decode: { $0.bool })
  }

  private static func text(_ key: String, _ path: Path<String>) -> Self {
    Self(key, path, "a string", encode: { .string($0) }, decode: { $0.string })
  }

  private static func count(_ key: String, _ path: Path<Int>) -> Self {
    Self(key, path, "an integer", encode: { JSONValue($0) }, decode: { $0.int })
  }

  private static func number(_ key: String, _ path: Path<Double>) -> Self {
    Self(key, path, "a number", encode: { JSONValue($0) }, decode: { $0.double })
  }

  private static func counts(_ key: String, _ path: Path<[Int]>) -> Self {
    Self(
      key, path, "a list of integers", encode: { .array($0.map { JSONValue($0) }) },
      decode: { all($0, \.int) })
  }

  private static func numbers(_ key: String, _ path: Path<[Double]>) -> Self {
    Self(
      key, path, "a list of numbers", encode: { .array($0.map { JSONValue($0) }) },
      decode: { all($0, \.double) })
  }

  private static func all<Value>(
    _ value: JSONValue, _ convert: (JSONValue) -> Value?
  ) -> [Value]? {
    guard let elements = value.array else { return nil }
    let converted = elements.compactMap(convert)
    return converted.count == elements.count ? converted : nil
  }
}

// MARK: - The entries

extension ConfigurationField {
  /// In the order of files.
  static let all: [ConfigurationField] = input + trunk + neck + memory + pointers + decoder

  static let byKey = Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0) })

  private static let input: [ConfigurationField] = [
    text("variant", \.variant),
    count("image_size", \.imageSize),
    count("backbone_stride", \.backboneStride),
    numbers("pixel_mean", \.pixelMean),
    numbers("pixel_std", \.pixelStd),
  ]

  private static let trunk: [ConfigurationField] = [
    count("embed_dim", \.embedDim),
    count("num_heads", \.numHeads),
    counts("stages", \.stages),
    counts("global_att_blocks", \.globalAttentionBlocks),
    counts("window_spec", \.windowSpec),
    counts("window_pos_embed_bkg_spatial_size", \.windowPosEmbedBackgroundSize),
    count("q_pool", \.qPoolStages),
  ]

  private static let neck: [ConfigurationField] = [
    count("d_model", \.dModel),
    counts("fpn_top_down_levels", \.fpnTopDownLevels),
    text("fpn_interp_model", \.fpnInterpModel),
    count("scalp", \.scalp),
    flag("use_high_res_features_in_sam", \.useHighResFeaturesInSam),
  ]

  private static let memory: [ConfigurationField] = [
    count("memory_attention_layers", \.memoryAttentionLayers),
    count("memory_attention_feedforward", \.memoryAttentionFeedforward),
    count("memory_attention_heads", \.memoryAttentionHeads),
    number("rope_theta", \.ropeTheta),
    flag("pos_enc_at_input", \.posEncAtInput),
    flag("pos_enc_at_attn", \.posEncAtAttn),
    flag("pos_enc_at_cross_attn_keys", \.posEncAtCrossAttnKeys),
    flag("pos_enc_at_cross_attn_queries", \.posEncAtCrossAttnQueries),
    count("memory_dim", \.memoryDim),
    count("mask_downsampler_kernel", \.maskDownsamplerKernel),
    count("mask_downsampler_stride", \.maskDownsamplerStride),
    count("mask_downsampler_padding", \.maskDownsamplerPadding),
    count("fuser_layers", \.fuserLayers),
    count("fuser_kernel", \.fuserKernel),
    number("sigmoid_scale_for_mem_enc", \.sigmoidScaleForMemEnc),
    number("sigmoid_bias_for_mem_enc", \.sigmoidBiasForMemEnc),
    flag("binarize_mask_from_pts_for_mem_enc", \.binarizeMaskFromPointsForMemEnc),
    flag("non_overlap_masks_for_mem_enc", \.nonOverlapMasksForMemEnc),
    flag("no_obj_embed_spatial", \.noObjEmbedSpatial),
    count("num_maskmem", \.numMaskmem),
    count("max_cond_frames_in_attn", \.maxCondFramesInAttn),
    count("memory_temporal_stride_for_eval", \.memoryTemporalStrideForEval),
    flag("directly_add_no_mem_embed", \.directlyAddNoMemEmbed),
  ]

  private static let pointers: [ConfigurationField] = [
    flag("use_obj_ptrs_in_encoder", \.useObjPtrsInEncoder),
    count("max_obj_ptrs_in_encoder", \.maxObjPtrsInEncoder),
    flag("add_tpos_enc_to_obj_ptrs", \.addTposEncToObjPtrs),
    flag("proj_tpos_enc_in_obj_ptrs", \.projTposEncInObjPtrs),
    flag("use_signed_tpos_enc_to_obj_ptrs", \.useSignedTposEncToObjPtrs),
    flag("only_obj_ptrs_in_the_past_for_eval", \.onlyObjPtrsInThePastForEval),
    flag("use_mlp_for_obj_ptr_proj", \.useMlpForObjPtrProj),
    flag("fixed_no_obj_ptr", \.fixedNoObjPtr),
    flag("soft_no_obj_ptr", \.softNoObjPtr),
  ]

  private static let decoder: [ConfigurationField] = [
    count("decoder_depth", \.decoderDepth),
    count("decoder_heads", \.decoderHeads),
    count("decoder_feedforward", \.decoderFeedforward),
    count("iou_head_hidden_dim", \.iouHeadHiddenDim),
    flag("iou_prediction_use_sigmoid", \.iouPredictionUseSigmoid),
    flag("pred_obj_scores", \.predObjScores),
    flag("pred_obj_scores_mlp", \.predObjScoresMlp),
    flag("multimask_output_in_sam", \.multimaskOutputInSam),
    count("multimask_min_pt_num", \.multimaskMinPtNum),
    count("multimask_max_pt_num", \.multimaskMaxPtNum),
    flag("multimask_output_for_tracking", \.multimaskOutputForTracking),
    flag("use_multimask_token_for_obj_ptr", \.useMultimaskTokenForObjPtr),
    flag("dynamic_multimask_via_stability", \.dynamicMultimaskViaStability),
    number("dynamic_multimask_stability_delta", \.dynamicMultimaskStabilityDelta),
    number("dynamic_multimask_stability_thresh", \.dynamicMultimaskStabilityThresh),
    flag("use_mask_input_as_output_without_sam", \.useMaskInputAsOutputWithoutSam),
  ]
}
