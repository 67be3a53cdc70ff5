public import Bytes
import DetectorConfig
public import JSON

/// The entries of a `transformers` `config.json` that shapes do not determine; other entries are
/// only compared with the shapes.
public struct PublishedConfiguration: Sendable {
  struct Tower {
    var heads: Int?
    var normEpsilon: Double?
    var activation: String?
    /// Entries that shapes also determine, by name.
    var sizes: [(name: String, value: Int)] = []
  }

  let kind: String?
  let text: Tower
  let vision: Tower

  /// - Throws: `json.*`.
  public init(json: JSONValue) throws(Failure) {
    guard json.object != nil else {
      throw Failure(
        .badInput, code: "json.type", "config.json is \(json.kindName), not an object")
    }
    kind = json["model_type"]?.string
    text = try Self.tower(
      json["text_config"],
      sizes: ["hidden_size", "num_hidden_layers", "intermediate_size", "vocab_size"])
    vision = try Self.tower(
      json["vision_config"],
      sizes: ["hidden_size", "num_hidden_layers", "intermediate_size", "patch_size"])
  }

  /// Omitted entries have the defaults of the `transformers` classes, which the shapes determine or
  /// `DetectorShapes` assumes.
  private static func tower(
    _ json: JSONValue?, sizes names: [String]
  ) throws(Failure) -> Tower {
    guard let json, !json.isNull else { return Tower() }
    var tower = Tower()
    if json["num_attention_heads"] != nil {
      tower.heads = try json.requiredInt("num_attention_heads")
    }
    if json["layer_norm_eps"] != nil {
      tower.normEpsilon = try json.requiredDouble("layer_norm_eps")
    }
    if json["hidden_act"] != nil { tower.activation = try json.requiredString("hidden_act") }
    for name in names where json[name] != nil {
      tower.sizes.append((name, try json.requiredInt(name)))
    }
    return tower
  }
}
