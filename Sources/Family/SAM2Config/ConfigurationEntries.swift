import JSON

/// The entries of a configuration, in the order they have in files.
struct ConfigurationEntries: Sendable {
  let fields: [ConfigurationField<ModelConfiguration>]
  private let byKey: [String: ConfigurationField<ModelConfiguration>]

  private init(
    trunk: [ConfigurationField<ModelConfiguration>],
    perceiver: [ConfigurationField<ModelConfiguration>]
  ) {
    fields =
      Self.input + trunk + Self.neck + Self.memory + perceiver + Self.pointers + Self.decoder
    byKey = Dictionary(uniqueKeysWithValues: fields.map { ($0.key, $0) })
  }

  subscript(key: String) -> ConfigurationField<ModelConfiguration>? { byKey[key] }

  /// The entries of configurations with this kind of trunk, with or without a perceiver.
  static func of(
    _ trunk: ModelConfiguration.Trunk.Kind, hasPerceiver: Bool
  ) -> ConfigurationEntries {
    switch (trunk, hasPerceiver) {
    case (.hiera, false): hieraAlone
    case (.hiera, true): hieraWithPerceiver
    case (.repvit, false): repvitAlone
    case (.repvit, true): repvitWithPerceiver
    case (.vit, false): vitAlone
    case (.vit, true): vitWithPerceiver
    }
  }

  /// An entry that every configuration with a perceiver has, and no other.
  static let perceiverKey = "perceiver_latents"

  // Files with a Hiera have no entry that names the trunk: they predate the other kinds.
  private static let hieraAlone = ConfigurationEntries(trunk: hiera, perceiver: [])
  private static let hieraWithPerceiver = ConfigurationEntries(trunk: hiera, perceiver: perceiver)
  private static let repvitAlone = ConfigurationEntries(trunk: repvit, perceiver: [])
  private static let repvitWithPerceiver = ConfigurationEntries(
    trunk: repvit, perceiver: perceiver)
  private static let vitAlone = ConfigurationEntries(trunk: vit, perceiver: [])
  private static let vitWithPerceiver = ConfigurationEntries(trunk: vit, perceiver: perceiver)

  private static let hiera = Hiera.fields.map { field in
    ConfigurationField<ModelConfiguration>(
      part: field,
      get: { if case .hiera(let hiera) = $0.trunk { hiera } else { nil } },
      set: { $0.trunk = .hiera($1) })
  }

  private static let repvit = RepViT.fields.map { field in
    ConfigurationField<ModelConfiguration>(
      part: field,
      get: { if case .repvit(let repvit) = $0.trunk { repvit } else { nil } },
      set: { $0.trunk = .repvit($1) })
  }

  /// Includes the pooling of memories, which comes only with this trunk.
  private static let vit =
    PlainViT.fields.map { field in
      ConfigurationField<ModelConfiguration>(
        part: field,
        get: { if case .vit(let vit) = $0.trunk { vit } else { nil } },
        set: { $0.trunk = .vit($1) })
    } + [.choice("memory_pooling", \.memory.attention.pooling)]

  private static let perceiver = ModelConfiguration.Memory.Perceiver.fields.map { field in
    ConfigurationField<ModelConfiguration>(
      part: field, get: { $0.memory.perceiver }, set: { $0.memory.perceiver = $1 })
  }
}

extension Hiera {
  fileprivate static let fields: [ConfigurationField<Hiera>] = [
    .count("embed_dim", \.embedDim),
    .count("num_heads", \.numHeads),
    .counts("stages", \.stages),
    .counts("global_att_blocks", \.globalAttentionBlocks),
    .counts("window_spec", \.windowSpec),
    .counts("window_pos_embed_bkg_spatial_size", \.windowPosEmbedBackgroundSize),
    .count("q_pool", \.qPoolStages),
  ]
}

extension RepViT {
  fileprivate static let fields: [ConfigurationField<RepViT>] = [
    .counts("repvit_embed_dims", \.embedDims),
    .counts("repvit_depths", \.depths),
    .count("repvit_mlp_ratio", \.mlpRatio),
  ]
}

extension PlainViT {
  fileprivate static let fields: [ConfigurationField<PlainViT>] = [
    .count("vit_embed_dim", \.embedDim),
    .count("vit_num_heads", \.numHeads),
    .count("vit_depth", \.depth),
    .count("vit_mlp_ratio", \.mlpRatio),
    .count("vit_window_size", \.windowSize),
    .counts("vit_window_blocks", \.windowBlocks),
    .count("vit_position_side", \.positionSide),
  ]
}

extension ModelConfiguration.Memory.Perceiver {
  fileprivate static let fields: [ConfigurationField<ModelConfiguration.Memory.Perceiver>] = [
    .count(ConfigurationEntries.perceiverKey, \.latents),
    .count("perceiver_latents_2d", \.latents2D),
    .count("perceiver_layers", \.layers),
    .count("perceiver_heads", \.heads),
    .count("perceiver_feedforward_factor", \.feedforwardFactor),
  ]
}

// MARK: - Entries of every model

extension ConfigurationEntries {
  private static let input: [ConfigurationField<ModelConfiguration>] = [
    .text("variant", \.variant),
    .count("image_size", \.imageSize),
    .count("backbone_stride", \.backboneStride),
    .numbers("pixel_mean", \.pixelMean),
    .numbers("pixel_std", \.pixelStd),
  ]

  private static let neck: [ConfigurationField<ModelConfiguration>] = [
    .count("d_model", \.dModel),
    .counts("fpn_top_down_levels", \.neck.fpnTopDownLevels),
    .text("fpn_interp_model", \.neck.fpnInterpModel),
    .count("scalp", \.neck.scalp),
    .flag("use_high_res_features_in_sam", \.decoder.useHighResFeaturesInSam),
  ]

  private static let memory: [ConfigurationField<ModelConfiguration>] = [
    .count("memory_attention_layers", \.memory.attention.layers),
    .count("memory_attention_feedforward", \.memory.attention.feedforward),
    .count("memory_attention_heads", \.memory.attention.heads),
    .number("rope_theta", \.memory.attention.ropeTheta),
    .flag("pos_enc_at_input", \.memory.attention.posEncAtInput),
    .flag("pos_enc_at_attn", \.memory.attention.posEncAtAttn),
    .flag("pos_enc_at_cross_attn_keys", \.memory.attention.posEncAtCrossAttnKeys),
    .flag("pos_enc_at_cross_attn_queries", \.memory.attention.posEncAtCrossAttnQueries),
    .count("memory_dim", \.memory.dim),
    .count("mask_downsampler_kernel", \.memory.encoder.maskDownsamplerKernel),
    .count("mask_downsampler_stride", \.memory.encoder.maskDownsamplerStride),
    .count("mask_downsampler_padding", \.memory.encoder.maskDownsamplerPadding),
    .count("fuser_layers", \.memory.encoder.fuserLayers),
    .count("fuser_kernel", \.memory.encoder.fuserKernel),
    .number("sigmoid_scale_for_mem_enc", \.memory.encoder.sigmoidScaleForMemEnc),
    .number("sigmoid_bias_for_mem_enc", \.memory.encoder.sigmoidBiasForMemEnc),
    .flag("binarize_mask_from_pts_for_mem_enc", \.tracking.binarizeMaskFromPointsForMemEnc),
    .flag("non_overlap_masks_for_mem_enc", \.tracking.nonOverlapMasksForMemEnc),
    .flag("no_obj_embed_spatial", \.memory.encoder.noObjEmbedSpatial),
    .count("num_maskmem", \.memory.bank.numMaskmem),
    .count("max_cond_frames_in_attn", \.memory.bank.maxCondFramesInAttn),
    .count("memory_temporal_stride_for_eval", \.memory.bank.memoryTemporalStrideForEval),
    .flag("directly_add_no_mem_embed", \.memory.bank.directlyAddNoMemEmbed),
  ]

  private static let pointers: [ConfigurationField<ModelConfiguration>] = [
    .flag("use_obj_ptrs_in_encoder", \.pointers.useObjPtrsInEncoder),
    .count("max_obj_ptrs_in_encoder", \.pointers.maxObjPtrsInEncoder),
    .flag("add_tpos_enc_to_obj_ptrs", \.pointers.addTposEncToObjPtrs),
    .flag("proj_tpos_enc_in_obj_ptrs", \.pointers.projTposEncInObjPtrs),
    .flag("use_signed_tpos_enc_to_obj_ptrs", \.pointers.useSignedTposEncToObjPtrs),
    .flag("only_obj_ptrs_in_the_past_for_eval", \.pointers.onlyObjPtrsInThePastForEval),
    .flag("use_mlp_for_obj_ptr_proj", \.pointers.useMlpForObjPtrProj),
    .flag("fixed_no_obj_ptr", \.pointers.fixedNoObjPtr),
    .flag("soft_no_obj_ptr", \.pointers.softNoObjPtr),
  ]

  private static let decoder: [ConfigurationField<ModelConfiguration>] = [
    .count("decoder_depth", \.decoder.depth),
    .count("decoder_heads", \.decoder.heads),
    .count("decoder_feedforward", \.decoder.feedforward),
    .count("iou_head_hidden_dim", \.decoder.iouHeadHiddenDim),
    .flag("iou_prediction_use_sigmoid", \.decoder.iouPredictionUseSigmoid),
    .flag("pred_obj_scores", \.decoder.predObjScores),
    .flag("pred_obj_scores_mlp", \.decoder.predObjScoresMlp),
    .flag("multimask_output_in_sam", \.tracking.multimaskOutputInSam),
    .count("multimask_min_pt_num", \.tracking.multimaskMinPtNum),
    .count("multimask_max_pt_num", \.tracking.multimaskMaxPtNum),
    .flag("multimask_output_for_tracking", \.tracking.multimaskOutputForTracking),
    .flag("use_multimask_token_for_obj_ptr", \.tracking.useMultimaskTokenForObjPtr),
    .flag("dynamic_multimask_via_stability", \.decoder.dynamicMultimaskViaStability),
    .number("dynamic_multimask_stability_delta", \.decoder.dynamicMultimaskStabilityDelta),
    .number("dynamic_multimask_stability_thresh", \.decoder.dynamicMultimaskStabilityThresh),
    .optionalFlag("hq_token", \.decoder.hasHQToken),
    .flag("use_mask_input_as_output_without_sam", \.tracking.useMaskInputAsOutputWithoutSam),
  ]
}
