/// Layers of SAM 2 in `oarriaga/paz`, which keeps a model in nine Keras 3 files, or in four if it
/// is for pictures only.
///
/// Written from the layer names of that package. They are unique across the files, which can
/// therefore be read as one.
enum PazNames {
  /// One of the files.
  struct Part: Sendable {
    /// Its name without the model's name and the extension.
    let stem: String
    /// A layer that is in no other file.
    let sign: String
    /// Whether only tracking needs it.
    let isForVideo: Bool
  }

  static let parts = [
    Part(stem: "image_encoder", sign: "trunk_pos_embed", isForVideo: false),
    Part(stem: "point_encoder", sign: "prompt_pe", isForVideo: false),
    Part(stem: "mask_downscaling", sign: "mask_down_0", isForVideo: false),
    Part(stem: "mask_decoder", sign: "twoway_0_self_q", isForVideo: false),
    Part(stem: "mask_downsample", sign: "mask_downsample", isForVideo: true),
    Part(stem: "memory_encoder", sign: "mem_pix_proj", isForVideo: true),
    Part(stem: "memory_attention", sign: "mematt_norm", isForVideo: true),
    Part(stem: "pointer", sign: "no_obj_ptr", isForVideo: true),
    Part(stem: "pointer_time", sign: "obj_ptr_tpos_proj", isForVideo: true),
  ]

  /// Official tensors that SAM 2.1 has and SAM 2 lacks; the package writes zeros for them.
  static let zerosOfSAM2 = [
    "no_obj_embed_spatial", "obj_ptr_tpos_proj.weight", "obj_ptr_tpos_proj.bias",
  ]

  static let rules = KerasRules(
    [trunk, neck, promptEncoder, transformer, heads, memoryEncoder, memoryAttention, pointers]
      .flatMap { $0 })

  private static let trunk: [KerasRules.Rule] = [
    .convolution("patch_embed_proj", "image_encoder.trunk.patch_embed.proj"),
    KerasRules.Rule(
      layer: "trunk_pos_embed",
      variables: [
        .tensor(.picture, "image_encoder.trunk.pos_embed"),
        .tensor(.picture, "image_encoder.trunk.pos_embed_window"),
      ]),
    .norm("trunk_block_#_norm1", "image_encoder.trunk.blocks.#.norm1"),
    .norm("trunk_block_#_norm2", "image_encoder.trunk.blocks.#.norm2"),
    .dense("trunk_block_#_attn_qkv", "image_encoder.trunk.blocks.#.attn.qkv"),
    .dense("trunk_block_#_attn_proj", "image_encoder.trunk.blocks.#.attn.proj"),
    .dense("trunk_block_#_mlp_fc1", "image_encoder.trunk.blocks.#.mlp.layers.0"),
    .dense("trunk_block_#_mlp_fc2", "image_encoder.trunk.blocks.#.mlp.layers.1"),
    .dense("trunk_block_#_proj", "image_encoder.trunk.blocks.#.proj"),
  ]

  private static let neck: [KerasRules.Rule] = [
    .convolution("neck_conv_#", "image_encoder.neck.convs.#.conv"),
    .convolution("sam_mask_decoder_conv_s0", "sam_mask_decoder.conv_s0"),
    .convolution("sam_mask_decoder_conv_s1", "sam_mask_decoder.conv_s1"),
    .single("no_mem_embed", .cell, "no_mem_embed"),
  ]

  private static let promptEncoder: [KerasRules.Rule] = [
    .single(
      "prompt_pe", .same, "sam_prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"),
    KerasRules.Rule(
      layer: "point_label_embed",
      variables: [
        .rows((0..<4).map { "sam_prompt_encoder.point_embeddings.\($0).weight" }),
        .tensor(.same, "sam_prompt_encoder.not_a_point_embed.weight"),
      ]),
    .convolution("mask_down_#", "sam_prompt_encoder.mask_downscaling.#"),
    .norm("mask_down_ln0", "sam_prompt_encoder.mask_downscaling.1"),
    .norm("mask_down_ln3", "sam_prompt_encoder.mask_downscaling.4"),
    .single("no_mask_embed", .row, "sam_prompt_encoder.no_mask_embed.weight"),
  ]

  private static let transformer: [KerasRules.Rule] = {
    let (path, layer) = (
      "sam_mask_decoder.transformer", "sam_mask_decoder.transformer.layers.#"
    )
    var rules: [KerasRules.Rule] = [
      .dense("twoway_#_mlp_layers_0", "\(layer).mlp.layers.0"),
      .dense("twoway_#_mlp_layers_1", "\(layer).mlp.layers.1"),
      .norm("twoway_norm_final", "\(path).norm_final_attn"),
    ]
    rules += (1...4).map { .norm("twoway_#_norm\($0)", "\(layer).norm\($0)") }
    rules += KerasRules.Rule.attention("twoway_#_self_", "\(layer).self_attn")
    rules += KerasRules.Rule.attention(
      "twoway_#_cross_t2i_", "\(layer).cross_attn_token_to_image")
    rules += KerasRules.Rule.attention(
      "twoway_#_cross_i2t_", "\(layer).cross_attn_image_to_token")
    rules += KerasRules.Rule.attention(
      "twoway_final_attn_", "\(path).final_attn_token_to_image")
    return rules
  }()

  private static let heads: [KerasRules.Rule] = {
    let path = "sam_mask_decoder"
    var rules: [KerasRules.Rule] = [
      .convolution("output_upscaling_0", "\(path).output_upscaling.0"),
      .norm("output_upscaling_1", "\(path).output_upscaling.1"),
      .convolution("output_upscaling_3", "\(path).output_upscaling.3"),
    ]
    rules += ["obj_score_token", "iou_token", "mask_tokens"].map {
      .single($0, .same, "\(path).\($0).weight")
    }
    for layer in 0..<3 {
      rules.append(
        .dense(
          "output_hypernetworks_mlps_#_layers_\(layer)",
          "\(path).output_hypernetworks_mlps.#.layers.\(layer)"))
    }
    rules += ["iou_prediction_head", "pred_obj_score_head"].map {
      .dense("\($0)_layers_#", "\(path).\($0).layers.#")
    }
    return rules
  }()

  private static let memoryEncoder: [KerasRules.Rule] = [
    .convolution("mask_downsample", "mask_downsample"),
    .convolution("mask_ds_conv_#", "memory_encoder.mask_downsampler.encoder.#"),
    .norm("mask_ds_ln_#", "memory_encoder.mask_downsampler.encoder.#"),
    .convolution("mask_ds_final", "memory_encoder.mask_downsampler.encoder.12"),
    .convolution("mem_pix_proj", "memory_encoder.pix_feat_proj"),
    .convolution("mem_out_proj", "memory_encoder.out_proj"),
    .depthwise("fuser_#_dw", "memory_encoder.fuser.layers.#.dwconv"),
    .norm("fuser_#_norm", "memory_encoder.fuser.layers.#.norm"),
    .dense("fuser_#_pw1", "memory_encoder.fuser.layers.#.pwconv1"),
    .dense("fuser_#_pw2", "memory_encoder.fuser.layers.#.pwconv2"),
    .single("fuser_#_gamma", .same, "memory_encoder.fuser.layers.#.gamma"),
    .single("no_obj_embed_spatial", .same, "no_obj_embed_spatial"),
  ]

  private static let memoryAttention: [KerasRules.Rule] = {
    let layer = "memory_attention.layers.#"
    var rules: [KerasRules.Rule] = [
      .single("maskmem_tpos_enc", .moments, "maskmem_tpos_enc"),
      .dense("mematt_#_mlp1", "\(layer).linear1"),
      .dense("mematt_#_mlp2", "\(layer).linear2"),
      .norm("mematt_norm", "memory_attention.norm"),
    ]
    rules += (1...3).map { .norm("mematt_#_norm\($0)", "\(layer).norm\($0)") }
    rules += KerasRules.Rule.attention("mematt_#_self_", "\(layer).self_attn")
    rules += KerasRules.Rule.attention("mematt_#_cross_", "\(layer).cross_attn_image")
    return rules
  }()

  private static let pointers: [KerasRules.Rule] = [
    .dense("obj_ptr_proj_layers_#", "obj_ptr_proj.layers.#"),
    .single("no_obj_ptr", .same, "no_obj_ptr"),
    .dense("obj_ptr_tpos_proj", "obj_ptr_tpos_proj"),
  ]
}
