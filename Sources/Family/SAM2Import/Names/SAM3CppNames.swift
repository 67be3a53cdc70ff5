/// Names of SAM 2 in the `.ggml` files of `PABannier/sam3.cpp`, with the official ones.
///
/// Written from the names that its converter gives; names it leaves unchanged have no rule. Shapes
/// and layouts are the official ones.
enum SAM3CppNames {
  static let sign = "hiera.patch_embed.weight"

  static let rules = NameRules(
    [parameters, trunk, promptEncoder, decoder, memory].flatMap { $0 })

  private static let parameters: [NameRules.Rule] = [
    NameRules.Rule(theirs: "mem_enc.tpos_enc", official: "maskmem_tpos_enc"),
    NameRules.Rule(theirs: "trk_mask_ds.@", official: "mask_downsample.@"),
    NameRules.Rule(theirs: "fpn.convs.#.@", official: "image_encoder.neck.convs.#.conv.@"),
  ]

  private static let trunk: [NameRules.Rule] =
    [
      NameRules.Rule(theirs: "hiera.pos_embed", official: "image_encoder.trunk.pos_embed"),
      NameRules.Rule(
        theirs: "hiera.pos_embed_window", official: "image_encoder.trunk.pos_embed_window"),
      NameRules.Rule(
        theirs: "hiera.patch_embed.@", official: "image_encoder.trunk.patch_embed.proj.@"),
    ]
    + NameRules.inside(
      "hiera.blocks.#", "image_encoder.trunk.blocks.#",
      [
        ("norm1", "norm1"), ("norm2", "norm2"), ("attn.qkv", "attn.qkv"),
        ("attn.proj", "attn.proj"), ("proj", "proj"), ("mlp.fc1", "mlp.layers.0"),
        ("mlp.fc2", "mlp.layers.1"),
      ])

  private static let promptEncoder: [NameRules.Rule] =
    [
      NameRules.Rule(
        theirs: "sam_pe.pe_gaussian",
        official: "sam_prompt_encoder.pe_layer.positional_encoding_gaussian_matrix")
    ]
    + NameRules.inside(
      "sam_pe", "sam_prompt_encoder",
      [
        ("point_embeddings.#", "point_embeddings.#"), ("not_a_point_embed", "not_a_point_embed"),
        ("no_mask_embed", "no_mask_embed"), ("mask_ds.#", "mask_downscaling.#"),
      ])

  private static let decoder: [NameRules.Rule] =
    NameRules.inside(
      "sam_dec.twoway.#", "sam_mask_decoder.transformer.layers.#",
      attention("sa", "self_attn")
        + attention("cross_attn_token_to_image", "cross_attn_token_to_image")
        + attention("cross_attn_image_to_token", "cross_attn_image_to_token") + [
          ("norm1", "norm1"), ("norm2", "norm2"), ("norm3", "norm3"), ("norm4", "norm4"),
          ("mlp.lin1", "mlp.layers.0"), ("mlp.lin2", "mlp.layers.1"),
        ])
    + NameRules.inside(
      "sam_dec", "sam_mask_decoder",
      attention("final_attn", "transformer.final_attn_token_to_image") + [
        ("final_norm", "transformer.norm_final_attn"), ("iou_token", "iou_token"),
        ("mask_tokens", "mask_tokens"), ("obj_score_token", "obj_score_token"),
        ("upscale.#", "output_upscaling.#"), ("conv_s0", "conv_s0"), ("conv_s1", "conv_s1"),
        ("iou_prediction_head.layers.#", "iou_prediction_head.layers.#"),
        ("pred_obj_score_head.layers.#", "pred_obj_score_head.layers.#"),
        ("pred_obj_score_head", "pred_obj_score_head"),
      ]
        + (0..<3).map {
          ("hyper.#.layers.\($0)", "output_hypernetworks_mlps.#.layers.\($0)")
        })

  private static let memory: [NameRules.Rule] =
    NameRules.inside(
      "mem_attn.layers.#", "memory_attention.layers.#",
      attention("sa", "self_attn") + attention("ca", "cross_attn_image") + [
        ("linear1", "linear1"), ("linear2", "linear2"), ("norm1", "norm1"), ("norm2", "norm2"),
        ("norm3", "norm3"),
      ])
    + NameRules.inside(
      "mem_enc.fuser.#", "memory_encoder.fuser.layers.#",
      [("dwconv", "dwconv"), ("norm", "norm"), ("pwconv1", "pwconv1"), ("pwconv2", "pwconv2")])
    + [
      NameRules.Rule(
        theirs: "mem_enc.fuser.#.gamma", official: "memory_encoder.fuser.layers.#.gamma"),
      NameRules.Rule(theirs: "mem_attn.norm.@", official: "memory_attention.norm.@"),
      NameRules.Rule(
        theirs: "mem_enc.ds.#.@", official: "memory_encoder.mask_downsampler.encoder.#.@"),
      NameRules.Rule(theirs: "mem_enc.pix_feat_proj.@", official: "memory_encoder.pix_feat_proj.@"),
      NameRules.Rule(theirs: "mem_enc.out_proj.@", official: "memory_encoder.out_proj.@"),
    ]

  private static func attention(_ theirs: String, _ official: String) -> NameRules.Parts {
    ["q_proj", "k_proj", "v_proj", "out_proj"].map { ("\(theirs).\($0)", "\(official).\($0)") }
  }
}
