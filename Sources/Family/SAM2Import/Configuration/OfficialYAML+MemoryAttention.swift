import Bytes
import JSON
import SAM2Config

extension OfficialYAML {
  mutating func readMemoryAttention(_ model: inout ConfigurationSection) throws(Failure) {
    var attention = try model.section("memory_attention", target: "MemoryAttention")
    c.memory.attention.layers = try attention.count("num_layers", 0)
    c.memory.attention.posEncAtInput = try attention.flag("pos_enc_at_input", false)
    try attention.requireWidth("d_model", c.dModel, initial: c.dModel)
    try attention.require("batch_first", true, initial: true)
    var layer = try attention.section("layer", target: "MemoryAttentionLayer")
    c.memory.attention.feedforward = try layer.count("dim_feedforward", 0)
    c.memory.attention.posEncAtAttn = try layer.flag("pos_enc_at_attn", false)
    c.memory.attention.posEncAtCrossAttnKeys = try layer.flag("pos_enc_at_cross_attn_keys", false)
    c.memory.attention.posEncAtCrossAttnQueries = try layer.flag(
      "pos_enc_at_cross_attn_queries", false)
    try layer.requireWidth("d_model", c.dModel, initial: c.dModel)
    try layer.require("activation", "relu", initial: "")
    layer.ignore("dropout")
    let own = try readRotary(
      &layer, "self_attention", target: "RoPEAttention", keyWidth: c.dModel)
    try readPooling(layer)
    let cross = try readRotary(
      &layer, "cross_attention", target: crossAttentionClass, keyWidth: c.memory.dim)
    guard own == cross else {
      throw Failure(
        .badInput, code: "config.unsupported",
        "\(layer.path): self and cross attention differ in heads or rope_theta")
    }
    c.memory.attention.heads = own.heads
    c.memory.attention.ropeTheta = own.theta
    try layer.finish()
    try attention.finish()
  }

  /// The class that reads memories.
  private var crossAttentionClass: String {
    if c.memory.perceiver != nil { return "RoPEAttentionv2" }
    return Self.pooled.first { $0.pooling == c.memory.attention.pooling }?.target ?? "RoPEAttention"
  }

  private static let pooled: [(target: String, pooling: ModelConfiguration.Memory.Pooling)] = [
    ("EfficientRoPEAttention1", .raisedScores), ("EfficientRoPEAttention2", .raisedKeys),
  ]

  /// Reads the pooling that the class of the cross attention does.
  private mutating func readPooling(_ layer: ConfigurationSection) throws(Failure) {
    guard case .vit = c.trunk else { return }
    var layer = layer
    let classes = ["RoPEAttention"] + Self.pooled.map(\.target)
    let index = try layer.section("cross_attention", oneOf: classes).index
    if index > 0 { c.memory.attention.pooling = Self.pooled[index - 1].pooling }
  }

  /// `feat_sizes` only primes a table that the reference recomputes for the actual map; `q_sizes`
  /// and `k_sizes` are the sizes of the map and of the perceiver.
  private mutating func readRotary(
    _ layer: inout ConfigurationSection, _ key: String, target: String, keyWidth: Int
  ) throws(Failure) -> (heads: Int, theta: Double) {
    var attention = try layer.section(key, target: target)
    if let perceiver = c.memory.perceiver, target == "RoPEAttentionv2" {
      let side = JSONValue(perceiver.gridSide)
      try attention.require("k_sizes", [side, side], initial: [32, 32])
      queryGrid = try attention.counts("q_sizes", [32, 32])
    }
    let heads = try attention.count("num_heads", 0)
    let theta = try attention.number("rope_theta", 10_000)
    try attention.requireWidth("embedding_dim", c.dModel, initial: c.dModel)
    try attention.requireWidth("kv_in_dim", keyWidth, initial: c.dModel)
    try attention.require("downsample_rate", 1, initial: 1)
    attention.ignore("feat_sizes", "dropout", "rope_k_repeat")
    try attention.finish()
    return (heads, theta)
  }

  func checkQueryGrid() throws(Failure) {
    guard let queryGrid, queryGrid != [c.featureSide, c.featureSide] else { return }
    throw Failure(
      .badInput, code: "config.mismatch",
      "the cross attention's q_sizes are \(queryGrid), but the feature map of image_size "
        + "\(c.imageSize) has \(c.featureSide) x \(c.featureSide) cells")
  }
}
