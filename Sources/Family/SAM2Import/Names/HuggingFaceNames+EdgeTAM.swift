/// Names of `EdgeTamModel` and `EdgeTamVideoModel` in addition to those of SAM 2.
///
/// Written from the parameter names of `modeling_edgetam_video.py` (transformers 5.24). Their trunk
/// is timm's, so only the path to it has a different name.
extension HuggingFaceNames {
  /// The beginning of all names in a timm trunk, both theirs and the official one.
  static let timmTrunk = (
    theirs: "vision_encoder.backbone.timm_model.", official: "image_encoder.trunk.body."
  )

  static let perceptronOfMemoryAttention = inside(
    "memory_attention.layers.#", "memory_attention.layers.#",
    [("mlp.up_proj", "linear1"), ("mlp.down_proj", "linear2")])

  static let perceiver =
    [
      Rule(theirs: "spatial_perceiver.latents_1d", official: "spatial_perceiver.latents"),
      Rule(theirs: "spatial_perceiver.latents_2d", official: "spatial_perceiver.latents_2d"),
      Rule(theirs: "spatial_perceiver.layer_norm.@", official: "spatial_perceiver.norm.@"),
    ]
    + inside(
      "spatial_perceiver.layers.#", "spatial_perceiver.layers.#",
      [
        ("layer_norm_input", "attn.norm_x"), ("layer_norm_latents", "attn.norm_latents"),
        ("cross_attention.q_proj", "attn.to_q"), ("cross_attention.o_proj", "attn.to_out"),
        ("mlp.layer_norm", "ff.0"), ("mlp.up_proj", "ff.1"), ("mlp.down_proj", "ff.3"),
        ("layer_norm_self", "self_attn.norm"), ("self_attention.q_proj", "self_attn.to_q"),
        ("self_attention.o_proj", "self_attn.to_out"), ("self_mlp.layer_norm", "self_ff.0"),
        ("self_mlp.up_proj", "self_ff.1"), ("self_mlp.down_proj", "self_ff.3"),
      ])

  /// Keys of the perceiver, which officially form one tensor with the values.
  ///
  /// The values end in `valueSuffix` instead of `keySuffix`.
  static let keysOfPerceiver = NameRules(
    inside(
      "spatial_perceiver.layers.#", "spatial_perceiver.layers.#",
      [
        ("cross_attention.k_proj", "attn.to_kv"), ("self_attention.k_proj", "self_attn.to_kv"),
      ]))
  static let keySuffix = ".k_proj.weight"
  static let valueSuffix = ".v_proj.weight"
}
