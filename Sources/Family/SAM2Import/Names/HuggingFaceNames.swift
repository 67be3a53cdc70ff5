import SAM2Config

/// Names of `Sam2Model`, `Sam2VideoModel` and EdgeTAM's models in Hugging Face `transformers`, with
/// the official ones.
///
/// Written from the parameter names of `modeling_sam2_video.py` (transformers 4.56 to 5.23). Every
/// tensor keeps its shape and layout, except that the four point embeddings are one tensor there
/// and the image position code may be stored twice.
enum HuggingFaceNames {
  typealias Rule = NameRules.Rule

  /// The names that distinguish these checkpoints from all others, one for each kind of trunk.
  static let signs = [
    "vision_encoder.backbone.patch_embed.projection.weight",
    "\(timmTrunk.theirs)stem.conv1.c.weight",
  ]
  /// Rows 0 to 3 are `sam_prompt_encoder.point_embeddings.0` to `.3`.
  static let pointEmbeddings = "prompt_encoder.point_embed.weight"
  static let pointEmbeddingCount = 4
  static func officialPointEmbedding(_ index: Int) -> String {
    "sam_prompt_encoder.point_embeddings.\(index).weight"
  }
  /// The names of one matrix, which both modules use.
  static let positionCodes = [
    "prompt_encoder.shared_embedding.positional_embedding",
    "shared_image_embedding.positional_embedding",
  ]
  static let officialPositionCode =
    "sam_prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"
  /// The final convolution; its official number is that of the layer after the last strided one.
  static let finalMaskConvolution = "memory_encoder.mask_downsampler.final_conv."
  static let officialMaskDownsampler = "memory_encoder.mask_downsampler.encoder"

  // MARK: - Rules

  static let rules = NameRules(
    [
      parameters, trunks, neck, memoryAttention, memoryEncoder, promptEncoder, maskDecoder,
      pointers, perceptronOfMemoryAttention, perceiver,
    ].flatMap { $0 })

  /// The official name for one of theirs; nil when no rule applies.
  static func official(_ name: String) -> String? {
    guard name.hasPrefix(timmTrunk.theirs) else { return rules.official(name) }
    return timmTrunk.official + name.dropFirst(timmTrunk.theirs.count)
  }

  private static let parameters = [
    Rule(theirs: "memory_temporal_positional_encoding", official: "maskmem_tpos_enc"),
    Rule(theirs: "no_memory_embedding", official: "no_mem_embed"),
    Rule(theirs: "no_memory_positional_encoding", official: "no_mem_pos_enc"),
    Rule(theirs: "no_object_pointer", official: "no_obj_ptr"),
    Rule(theirs: "occlusion_spatial_embedding_parameter", official: "no_obj_embed_spatial"),
    Rule(theirs: "mask_downsample.@", official: "mask_downsample.@"),
  ]

  private static let neck = [
    Rule(theirs: "vision_encoder.neck.convs.#.@", official: "image_encoder.neck.convs.#.conv.@")
  ]

  private static let memoryAttention =
    inside(
      "memory_attention.layers.#", "memory_attention.layers.#",
      attention("self_attn") + attention("cross_attn_image") + [
        ("linear1", "linear1"), ("linear2", "linear2"), ("layer_norm1", "norm1"),
        ("layer_norm2", "norm2"), ("layer_norm3", "norm3"),
      ])
    + [Rule(theirs: "memory_attention.layer_norm.@", official: "memory_attention.norm.@")]

  private static let memoryEncoder =
    [
      // The official downsampler is one list of convolution, norm and activation, repeated.
      Rule(
        theirs: "memory_encoder.mask_downsampler.layers.#.conv.@",
        official: "\(officialMaskDownsampler).#.@", factor: 3),
      Rule(
        theirs: "memory_encoder.mask_downsampler.layers.#.layer_norm.@",
        official: "\(officialMaskDownsampler).#.@", factor: 3, offset: 1),
      Rule(
        theirs: "memory_encoder.memory_fuser.layers.#.scale",
        official: "memory_encoder.fuser.layers.#.gamma"),
    ]
    + inside(
      "memory_encoder.memory_fuser.layers.#", "memory_encoder.fuser.layers.#",
      [
        ("depthwise_conv", "dwconv"), ("layer_norm", "norm"), ("pointwise_conv1", "pwconv1"),
        ("pointwise_conv2", "pwconv2"),
      ])
    + inside(
      "memory_encoder", "memory_encoder",
      [("feature_projection", "pix_feat_proj"), ("projection", "out_proj")])

  private static let promptEncoder = inside(
    "prompt_encoder", "sam_prompt_encoder",
    [
      ("mask_embed.conv1", "mask_downscaling.0"), ("mask_embed.layer_norm1", "mask_downscaling.1"),
      ("mask_embed.conv2", "mask_downscaling.3"), ("mask_embed.layer_norm2", "mask_downscaling.4"),
      ("mask_embed.conv3", "mask_downscaling.6"), ("no_mask_embed", "no_mask_embed"),
      ("not_a_point_embed", "not_a_point_embed"),
    ])

  private static let maskDecoder =
    inside(
      "mask_decoder.transformer.layers.#", "sam_mask_decoder.transformer.layers.#",
      attention("self_attn") + attention("cross_attn_token_to_image")
        + attention("cross_attn_image_to_token") + [
          ("layer_norm1", "norm1"), ("layer_norm2", "norm2"), ("layer_norm3", "norm3"),
          ("layer_norm4", "norm4"), ("mlp.proj_in", "mlp.layers.0"),
          ("mlp.proj_out", "mlp.layers.1"),
        ])
    + inside(
      "mask_decoder.transformer", "sam_mask_decoder.transformer",
      attention("final_attn_token_to_image") + [("layer_norm_final_attn", "norm_final_attn")])
    + inside(
      "mask_decoder", "sam_mask_decoder",
      [
        ("iou_token", "iou_token"), ("mask_tokens", "mask_tokens"),
        ("obj_score_token", "obj_score_token"), ("upscale_conv1", "output_upscaling.0"),
        ("upscale_layer_norm", "output_upscaling.1"), ("upscale_conv2", "output_upscaling.3"),
        ("conv_s0", "conv_s0"), ("conv_s1", "conv_s1"),
      ]
        + perceptron("output_hypernetworks_mlps.#") + perceptron("iou_prediction_head")
        + perceptron("pred_obj_score_head") + [("pred_obj_score_head", "pred_obj_score_head")])

  private static let pointers =
    perceptron("").map { part in
      Rule(theirs: "object_pointer_proj\(part.0).@", official: "obj_ptr_proj\(part.1).@")
    } + [
      Rule(theirs: "object_pointer_proj.@", official: "obj_ptr_proj.@"),
      Rule(
        theirs: "temporal_positional_encoding_projection_layer.@", official: "obj_ptr_tpos_proj.@"),
    ]

  // MARK: - Writing rules

  typealias Parts = NameRules.Parts

  static func inside(_ theirs: String, _ official: String, _ parts: Parts) -> [Rule] {
    NameRules.inside(theirs, official, parts)
  }

  private static func attention(_ path: String) -> Parts {
    let same = ["q_proj", "k_proj", "v_proj"].map { ("\(path).\($0)", "\(path).\($0)") }
    return same + [("\(path).o_proj", "\(path).out_proj")]
  }

  /// Three layers; in their names, the input, a list of hidden layers, and the output.
  private static func perceptron(_ path: String) -> Parts {
    [
      ("\(path).proj_in", "\(path).layers.0"), ("\(path).layers.0", "\(path).layers.1"),
      ("\(path).proj_out", "\(path).layers.2"),
    ]
  }
}
