import Bytes
import JSON
import SAM2Config

extension OfficialYAML {
  /// The spatial perceiver of EdgeTAM; nil when the file has none.
  static func perceiver(
    of model: inout ConfigurationSection, width: Int
  ) throws(Failure) -> ModelConfiguration.Memory.Perceiver? {
    guard let value = model.value("spatial_perceiver"), !value.isNull else { return nil }
    var section = try model.section("spatial_perceiver", target: "PerceiverResampler")
    var perceiver = ModelConfiguration.Memory.Perceiver()
    perceiver.layers = try section.count("depth", 0)
    perceiver.heads = try section.count("heads", 1)
    perceiver.latents = try section.count("num_latents", -1)
    perceiver.latents2D = try section.count("num_latents_2d", -1)
    perceiver.feedforwardFactor = try section.count("ff_mult", 4)
    try section.requireWidth("dim", width, initial: 0)
    // Position codes are added to keys and values, so these must be as wide.
    try section.requireWidth("dim_head", width / max(1, perceiver.heads), initial: 64)
    try section.require("pos_enc_at_key_value", true, initial: false)
    try section.require("concat_kv_latents", false, initial: false)
    try section.require("use_self_attn", true, initial: false)
    try readPositions(&section, width: width)
    section.ignore("hidden_dropout_p", "attention_dropout_p")
    try section.finish()
    return perceiver
  }
}
