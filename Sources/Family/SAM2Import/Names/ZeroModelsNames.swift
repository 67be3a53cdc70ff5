/// Layers of SAM 2 in `zeromodels` (formerly `kerasformers` and `kmodels`): one Keras 3 file, for
/// pictures only.
///
/// Written from the variables of that package's `SAM2PromptableSegment`. Its paths identify the
/// layers, except for those of the model itself, whose numbers shift with the model's options;
/// these are identified by name.
enum ZeroModelsNames {
  /// The beginning of a path part that no other model has.
  static let sign = "sam2_multi_scale_block"

  /// Rules by the name of the layer.
  static let named = KerasRules(
    [
      .convolution("backbone_patch_embed_projection", "image_encoder.trunk.patch_embed.proj"),
      .convolution("neck_convs_#", "image_encoder.neck.convs.#.conv"),
      .convolution(
        "prompt_encoder_mask_embed_conv1", "sam_prompt_encoder.mask_downscaling.0"),
      .norm(
        "prompt_encoder_mask_embed_layer_norm1", "sam_prompt_encoder.mask_downscaling.1"),
      .convolution(
        "prompt_encoder_mask_embed_conv2", "sam_prompt_encoder.mask_downscaling.3"),
      .norm(
        "prompt_encoder_mask_embed_layer_norm2", "sam_prompt_encoder.mask_downscaling.4"),
      .convolution(
        "prompt_encoder_mask_embed_conv3", "sam_prompt_encoder.mask_downscaling.6"),
    ])

  /// Rules by the path of the layer.
  static let placed = KerasRules(
    [trunk, promptEncoder, transformer, heads].flatMap { $0 })

  private static let trunk: [KerasRules.Rule] = {
    let (theirs, official) = ("layers.\(sign)#", "image_encoder.trunk.blocks.#")
    return [
      KerasRules.Rule(
        layer: "layers.sam2_hiera_position_embedding",
        variables: [
          .tensor(.pictures, "image_encoder.trunk.pos_embed"),
          .tensor(.pictures, "image_encoder.trunk.pos_embed_window"), .derived,
        ]),
      .norm("\(theirs).layer_norm1", "\(official).norm1"),
      .norm("\(theirs).layer_norm2", "\(official).norm2"),
      .dense("\(theirs).attn.qkv", "\(official).attn.qkv"),
      .dense("\(theirs).attn.proj", "\(official).attn.proj"),
      .dense("\(theirs).mlp_lin1", "\(official).mlp.layers.0"),
      .dense("\(theirs).mlp_lin2", "\(official).mlp.layers.1"),
      .dense("\(theirs).proj", "\(official).proj"),
      .single("layers.sam2_no_memory_embedding", .cell, "no_mem_embed"),
    ]
  }()

  private static let promptEncoder: [KerasRules.Rule] = {
    let path = "sam_prompt_encoder"
    let embeddings =
      (0..<4).map { "\(path).point_embeddings.\($0).weight" }
      + ["\(path).not_a_point_embed.weight", "\(path).no_mask_embed.weight"]
    return [
      .single(
        "layers.sam2_image_positional_embeddings.shared_embedding", .same,
        "\(path).pe_layer.positional_encoding_gaussian_matrix"),
      KerasRules.Rule(
        layer: "layers.sam2_prompt_encoder_layer",
        variables: embeddings.map { .tensor(.same, $0) }),
    ]
  }()

  private static let decoder = "layers.sam2_mask_decoder_layer"
  private static let projections = ["q_proj", "k_proj", "v_proj", "out_proj"]

  private static let transformer: [KerasRules.Rule] = {
    let (path, layer) = (
      "sam_mask_decoder.transformer", "sam_mask_decoder.transformer.layers.#"
    )
    var rules: [KerasRules.Rule] = [
      .norm("\(decoder).layer_norm_final_attn", "\(path).norm_final_attn"),
      .dense("\(decoder).transformer_mlp_lin1s.dense#", "\(layer).mlp.layers.0"),
      .dense("\(decoder).transformer_mlp_lin2s.dense#", "\(layer).mlp.layers.1"),
    ]
    rules += (1...4).map {
      .norm("\(decoder).transformer_layer_norm\($0)s.layer_normalization#", "\(layer).norm\($0)")
    }
    for projection in projections {
      rules.append(
        .dense(
          "\(decoder).final_attn_token_to_image.\(projection)",
          "\(path).final_attn_token_to_image.\(projection)"))
      for attention in [
        "self_attn", "cross_attn_token_to_image", "cross_attn_image_to_token",
      ] {
        rules.append(
          .dense(
            "\(decoder).transformer_\(attention)s.sam2_two_way_attention#.\(projection)",
            "\(layer).\(attention).\(projection)"))
      }
    }
    return rules
  }()

  private static let heads: [KerasRules.Rule] = {
    let path = "sam_mask_decoder"
    let tokens = ["obj_score_token", "iou_token", "mask_tokens"].map { "\(path).\($0).weight" }
    var rules: [KerasRules.Rule] = [
      KerasRules.Rule(layer: decoder, variables: tokens.map { .tensor(.same, $0) }),
      .convolution("\(decoder).conv_s0", "\(path).conv_s0"),
      .convolution("\(decoder).conv_s1", "\(path).conv_s1"),
      .convolution("\(decoder).upscale_conv1", "\(path).output_upscaling.0"),
      .norm("\(decoder).upscale_layer_norm", "\(path).output_upscaling.1"),
      .convolution("\(decoder).upscale_conv2", "\(path).output_upscaling.3"),
    ]
    let layers = [
      ("proj_in", "proj_ins"), ("hidden_layers", "hidden_layers"),
      ("proj_out", "proj_outs"),
    ]
    for (index, (one, all)) in layers.enumerated() {
      rules.append(
        .dense(
          "\(decoder).output_hypernetworks_mlps_\(all).dense#",
          "\(path).output_hypernetworks_mlps.#.layers.\(index)"))
      let inner = one == "hidden_layers" ? ".dense" : ""
      for (theirs, official) in [
        ("iou_head", "iou_prediction_head"), ("obj_score", "pred_obj_score_head"),
      ] {
        rules.append(
          .dense("\(decoder).\(theirs)_\(one)\(inner)", "\(path).\(official).layers.\(index)"))
      }
    }
    return rules
  }()
}
