import Bytes
import JSON
import SAM2Config

extension OfficialYAML {
  /// The trunk of an image encoder, with the kind given by the class that the file names.
  static func trunk(
    of encoder: inout ConfigurationSection
  ) throws(Failure) -> ModelConfiguration.Trunk {
    let kinds = ModelConfiguration.Trunk.Kind.allCases
    var (section, index) = try encoder.section("trunk", oneOf: kinds.map(className))
    switch kinds[index] {
    case .hiera: return .hiera(try hiera(&section))
    case .repvit: return .repvit(try repvit(&section))
    case .vit: return .vit(try vit(&section))
    }
  }

  private static func className(_ kind: ModelConfiguration.Trunk.Kind) -> String {
    switch kind {
    case .hiera: "Hiera"
    case .repvit: "TimmBackbone"
    case .vit: "ViT"
    }
  }

  private static func hiera(_ trunk: inout ConfigurationSection) throws(Failure) -> Hiera {
    var hiera = Hiera()
    hiera.embedDim = try trunk.count("embed_dim", 96)
    hiera.numHeads = try trunk.count("num_heads", 1)
    hiera.stages = try trunk.counts("stages", [2, 3, 16, 3])
    hiera.globalAttentionBlocks = try trunk.counts("global_att_blocks", [12, 16, 20])
    hiera.windowSpec = try trunk.counts("window_spec", [8, 4, 14, 7])
    hiera.windowPosEmbedBackgroundSize = try trunk.counts(
      "window_pos_embed_bkg_spatial_size", [14, 14])
    hiera.qPoolStages = try trunk.count("q_pool", 3)
    try trunk.require("q_stride", [2, 2], initial: [2, 2])
    try trunk.require("dim_mul", 2, initial: 2)
    try trunk.require("head_mul", 2, initial: 2)
    try trunk.require("return_interm_layers", true, initial: true)
    trunk.ignore("drop_path_rate", "weights_path")
    try trunk.finish()
    guard hiera.stages.count <= 8, (1...65536).contains(hiera.embedDim) else {
      throw Failure(
        .badInput, code: "config.value",
        "\(trunk.path) has \(hiera.stages.count) stages at width \(hiera.embedDim)")
    }
    return hiera
  }

  private static func vit(_ trunk: inout ConfigurationSection) throws(Failure) -> PlainViT {
    var vit = PlainViT()
    vit.embedDim = try trunk.count("embed_dim", 768)
    vit.numHeads = try trunk.count("num_heads", 12)
    vit.depth = try trunk.count("depth", 12)
    let ratio = try trunk.number("mlp_ratio", 4)
    guard let whole = Int(exactly: ratio) else {
      throw Failure(
        .badInput, code: "config.unsupported", "\(trunk.path).mlp_ratio is \(ratio), not whole")
    }
    vit.mlpRatio = whole
    vit.windowSize = try trunk.count("window_size", 14)
    vit.windowBlocks = try trunk.counts("window_block_indexes", [0, 1, 3, 4, 6, 7, 9, 10])
    vit.positionSide = try trunk.count("pretrain_img_size", 224) / PlainViT.patchSize
    try trunk.require("patch_size", JSONValue(PlainViT.patchSize), initial: 16)
    try trunk.require("in_chans", 3, initial: 3)
    for (key, value) in [
      ("qkv_bias", true), ("use_abs_pos", true), ("use_rel_pos", false),
      ("pretrain_use_cls_token", true), ("return_interm_layers", false),
    ] {
      try trunk.require(key, .bool(value), initial: .bool(value))
    }
    try trunk.require("init_values", .null, initial: .null)
    trunk.ignore(
      "img_size", "drop_path_rate", "dropout", "weights_path", "rel_pos_zero_init",
      "use_act_checkpoint")
    try trunk.finish()
    return vit
  }

  // MARK: - Trunks of timm

  /// The timm models whose layers are those of RepViT in its legacy form, by name.
  private static let timmModels: [(name: String, embedDims: [Int], depths: [Int])] = [
    ("repvit_m1", [48, 96, 192, 384], [2, 2, 14, 2]),
    ("repvit_m2", [64, 128, 256, 512], [2, 2, 12, 2]),
    ("repvit_m3", [64, 128, 256, 512], [4, 4, 18, 2]),
  ]

  private static func repvit(_ trunk: inout ConfigurationSection) throws(Failure) -> RepViT {
    let name = try trunk.text("name", "")
    // The part after the dot names the training of the weights.
    let model = name.split(separator: ".").first.map(String.init) ?? ""
    guard let known = timmModels.first(where: { $0.name == model }) else {
      throw Failure(
        .badInput, code: "config.unsupported",
        "\(trunk.path).name is \"\(printable(name))\"; of the models of timm these can be a trunk: "
          + timmModels.map(\.name).joined(separator: ", "))
    }
    var repvit = RepViT()
    (repvit.embedDims, repvit.depths) = (known.embedDims, known.depths)
    let features = repvit.depths.indices.map { JSONValue("layer\($0)") }
    try trunk.require("features", .array(features), initial: .null)
    try trunk.finish()
    return repvit
  }
}
