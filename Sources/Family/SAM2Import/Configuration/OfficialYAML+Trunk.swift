import Bytes
import JSON
import SAM2Config

extension OfficialYAML {
  /// The trunk of an image encoder, of the kind whose class the file names.
  static func trunk(
    of encoder: inout ConfigurationSection
  ) throws(Failure) -> ModelConfiguration.Trunk {
    let kinds = ModelConfiguration.Trunk.Kind.allCases
    var (section, index) = try encoder.section("trunk", oneOf: kinds.map(className))
    switch kinds[index] {
    case .hiera: return .hiera(try hiera(&section))
    }
  }

  private static func className(_ kind: ModelConfiguration.Trunk.Kind) -> String {
    switch kind {
    case .hiera: "Hiera"
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
}
