import Bytes

/// Recognises low-rank adapters (LoRA and its relatives) that were not merged into the weights.
enum AdapterReport {
  /// Beginnings of name parts that only such adapters have: those of PEFT, diffusers, LyCORIS and
  /// the `LoRA_qkv` of the SAM recipes.
  private static let signs = [
    "lora_", "hada_w", "lokr_w", "oft_", "linear_a_", "linear_b_", "base_layer", "modules_to_save",
    "original_module",
  ]

  /// The failure, including the next step; nil when no name is an adapter's.
  ///
  /// `hasWeights`: whether the weights that the adapter belongs to are also present.
  static func failure(_ names: [String], hasWeights: Bool) -> Failure? {
    var found: [Substring] = []
    var count = 0
    for name in names {
      let part = nameParts(name).first { part in signs.contains { part.hasPrefix($0) } }
      guard let part else { continue }
      count += 1
      if found.count < 4, !found.contains(part) { found.append(part) }
    }
    guard count > 0 else { return nil }
    let shown = found.map { printable(String($0), limit: 40) }.joined(separator: ", ")
    guard hasWeights else {
      return Failure(
        .badInput, code: "model.adapter",
        "the checkpoint holds only an adapter (LoRA: \(shown)), not the weights that it adapts",
        hint: "load it onto its model, merge it (merge_and_unload in PEFT), and save the "
          + "state_dict of the merged model")
    }
    return Failure(
      .badInput, code: "model.adapter",
      "the checkpoint holds a LoRA that is not merged into the weights (\(shown); \(count) of "
        + "\(names.count) tensors)",
      hint: "merge it first (merge_and_unload in PEFT; else add the product of each pair to its "
        + "weight), and save the state_dict of the merged model")
  }
}
