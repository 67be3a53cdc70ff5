import SAM2Config

extension HuggingFaceNames {
  /// The rules for all kinds of trunks, which have no names in common.
  static let trunks: [Rule] = ModelConfiguration.Trunk.Kind.allCases.flatMap { (kind) -> [Rule] in
    switch kind {
    case .hiera: hiera
    case .repvit: [Rule]()  // All of its names begin the same way: see `timmTrunk`.
    case .vit: [Rule]()  // `transformers` has no EfficientTAM.
    }
  }

  private static let hiera =
    [
      Rule(
        theirs: "vision_encoder.backbone.pos_embed", official: "image_encoder.trunk.pos_embed"),
      Rule(
        theirs: "vision_encoder.backbone.pos_embed_window",
        official: "image_encoder.trunk.pos_embed_window"),
      Rule(
        theirs: "vision_encoder.backbone.patch_embed.projection.@",
        official: "image_encoder.trunk.patch_embed.proj.@"),
    ]
    + inside(
      "vision_encoder.backbone.blocks.#", "image_encoder.trunk.blocks.#",
      [
        ("layer_norm1", "norm1"), ("layer_norm2", "norm2"), ("attn.qkv", "attn.qkv"),
        ("attn.proj", "attn.proj"), ("proj", "proj"), ("mlp.proj_in", "mlp.layers.0"),
        ("mlp.proj_out", "mlp.layers.1"),
      ])
}
