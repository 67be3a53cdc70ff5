import Bytes
import ModelInterface
import SAM2Config
import Tensors
import TestSupport
import Testing

@testable import SAM2Import

/// Weights in all the places where trainers keep them.
@Suite struct WeightSearchTests {
  private static let nano = OfficialTensors(variant("nano"))

  /// The nano model with other names, and whatever is beside it.
  private static func checkpoint(
    besides others: [String] = [], _ rename: (String) -> String
  ) -> SyntheticCheckpoint {
    SyntheticCheckpoint(
      nano.names.map { (rename($0), nano.shapes[$0] ?? []) } + others.map { ($0, [2]) })
  }

  private static func expectNano(_ found: WeightSearch) throws {
    #expect(Set(found.tensors.names) == Set(nano.names))
    let detected = try ConfigurationDetector.detect(found.tensors)
    #expect(detected.configuration.variant == "nano" && detected.parts == .all)
  }

  @Test(arguments: [
    "", "model", "state_dict", "model_state_dict", "module", "ema", "model.state_dict", "sam2",
    "sam2_model", "model.sam2", "state_dict.model.sam2", "a.b.c.d.e.f", "net.0", "ünï.模型",
    "_orig_mod", "model._orig_mod.module", "base_model.model", "module.module",
  ])
  func anyKeysBeforeTheNames(prefix: String) throws {
    let found = try WeightSearch(
      Self.checkpoint { prefix.isEmpty ? $0 : "\(prefix).\($0)" })
    #expect(found.layout == .official && found.key == (prefix.isEmpty ? "." : prefix))
    #expect(found.notes.isEmpty == ["", "model"].contains(prefix))
    try Self.expectNano(found)
  }

  @Test(arguments: [
    ("image_encoder.", "_orig_mod."), ("image_encoder.", "module."),
    ("trunk.blocks.0.", "_checkpoint_wrapped_module."),
    ("memory_attention.layers.1.", "_fsdp_wrapped_module."),
    ("sam_mask_decoder.", "_forward_module."),
    ("attn.", "module._orig_mod."),
  ])
  func wrappersInsideOfNames(part: String, wrapper: String) throws {
    let found = try WeightSearch(
      Self.checkpoint { name in
        guard let range = Self.range(of: part, in: name) else { return "model." + name }
        return "model." + name[..<range.upperBound] + wrapper + name[range.upperBound...]
      })
    try Self.expectNano(found)
    #expect(found.notes.contains { $0.hasPrefix("removed \"") && $0.hasSuffix(" names") })
  }

  private static func range(of part: String, in name: String) -> Range<String.Index>? {
    var start = name.startIndex
    while start < name.endIndex {
      if name[start...].hasPrefix(part) {
        return start..<name.index(start, offsetBy: part.count)
      }
      start = name.index(after: start)
    }
    return nil
  }

  @Test func tensorsBesideTheWeightsAreReported() throws {
    let others = ["optimizer.state.0.exp_avg", "optimizer.state.0.step", "scaler.scale"]
    let found = try WeightSearch(Self.checkpoint(besides: others) { "net.sam2." + $0 })
    try Self.expectNano(found)
    #expect(
      found.notes == [
        "read 371 of 374 tensors under \"net.sam2\"",
        "left out beside them: \"optimizer\" (2), \"scaler\" (1)",
      ])
  }

  @Test func countersAndLossesAreNotWeights() throws {
    let others = [
      "model.total_ops", "model.image_encoder.total_params", "model.criterion.weight",
      "model.loss_fn.pos_weight",
    ]
    let found = try WeightSearch(Self.checkpoint(besides: others) { "model." + $0 })
    try Self.expectNano(found)
    #expect(found.notes.contains { $0.contains("2 counters") })
    // Other unknown tensors among the weights are part of a model that is not a supported one.
    let adapted = Self.checkpoint(besides: ["model.prompt_generator.weight"]) { "model." + $0 }
    let caught = #expect(throws: Failure.self) { try ModelImporter.importModel(adapted) }
    #expect(caught?.code == "model.architecture")
    #expect(caught?.message.contains("prompt_generator.weight") == true)
  }

  // MARK: - Several models

  private static func two(_ first: String, _ second: String) -> SyntheticCheckpoint {
    let names = nano.names.map { first + $0 } + nano.names.map { second + $0 }
    return SyntheticCheckpoint(
      names.map { name in
        let local =
          name.hasPrefix(second) && !second.isEmpty
          ? String(name.dropFirst(second.count)) : String(name.dropFirst(first.count))
        return (name, nano.shapes[local] ?? [])
      })
  }

  @Test(arguments: [("model.", "ema."), ("", "teacher."), ("a.sam2.", "a.sam2_ema.")])
  func severalNeedAChoice(first: String, second: String) throws {
    let both = Self.two(first, second)
    let caught = #expect(throws: Failure.self) { try WeightSearch(both) }
    #expect(caught?.code == "weights.several")
    #expect(caught?.hint?.contains("--weights") == true)
    for prefix in [first, second] {
      let key = prefix.isEmpty ? "." : String(prefix.dropLast())
      #expect(caught?.message.contains("\"\(key)\"") == true)
      let found = try WeightSearch(both, at: key)
      #expect(found.key == key)
      try Self.expectNano(found)
      #expect(found.notes.contains { $0.hasPrefix("left out beside them: ") })
    }
  }

  @Test func aKeyMayBeTheBeginning() throws {
    let deep = Self.checkpoint { "run.model.state_dict." + $0 }
    for key in ["run", "run.model", "run.model.state_dict"] {
      try Self.expectNano(try WeightSearch(deep, at: key))
    }
    for key in ["ru", "model", "state_dict", "", "run.", "\u{1B}[2J"] {
      let caught = #expect(throws: Failure.self) { try WeightSearch(deep, at: key) }
      #expect(caught?.code == "weights.unknown")
      #expect(caught?.hint?.contains("run.model.state_dict") == true)
    }
    let none = SyntheticCheckpoint([("w", [2])])
    #expect(throws: TestSupport.failure("weights.unknown")) { try WeightSearch(none, at: "model") }
  }

  @Test func namesThatBecomeOneAreRefused() {
    var checkpoint = Self.checkpoint { "model." + $0 }
    checkpoint.set("model.module.no_mem_embed", [1, 1, 128])
    #expect(throws: TestSupport.failure("weights.name_collision")) { try WeightSearch(checkpoint) }
  }

  // MARK: - Other layouts and near misses

  @Test func namesOfHuggingFaceMayHaveKeys() throws {
    let bytes = try #require(fileBytes(fixturePath("sam2.1-tiny-transformers.txt")))
    let names = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line in
      let parts = line.split(separator: " ")
      return ("model.sam." + parts[0], parts.dropFirst().compactMap { Int($0) })
    }
    let found = try WeightSearch(SyntheticCheckpoint(names))
    #expect(found.layout == .huggingFace && found.key == "model.sam")
    #expect(
      try ConfigurationDetector.detect(found.tensors).configuration.variant == "sam2.1_hiera_tiny")
  }

  @Test(arguments: [
    ("qkv.lora_A.default.weight", true), ("qkv.linear_a_q.weight", true),
    ("qkv.base_layer.weight", true), ("attn.qkv.lora_down.weight", true),
    ("no_mem_embed.hada_w1_a", true), ("qkv.lora_A.weight", false), ("lora_B", false),
  ])
  func adaptersAreNamed(name: String, hasWeights: Bool) {
    var checkpoint =
      hasWeights
      ? Self.checkpoint { "base_model.model." + $0 } : SyntheticCheckpoint([("other.weight", [1])])
    checkpoint.set("base_model.model.image_encoder.trunk.blocks.0.\(name)", [4, 4])
    let caught = #expect(throws: Failure.self) { try ModelImporter.importModel(checkpoint) }
    #expect(caught?.code == "model.adapter")
    #expect(caught?.message.contains(hasWeights ? "not merged" : "only an adapter") == true)
    #expect(caught?.hint?.contains("merge") == true)
  }

  @Test func aCheckpointOfAnotherModelKeepsItsNames() throws {
    let other = SyntheticCheckpoint([
      ("model.image_encoder.blocks.0.attn.qkv.weight", [2304, 768]),
      ("model.image_encoder.pos_embed", [1, 64, 64, 768]), ("model.mask_decoder.w", [1]),
    ])
    let found = try WeightSearch(other)
    #expect(found.key == nil)
    let caught = #expect(throws: Failure.self) { try ModelImporter.importModel(other) }
    #expect(caught?.message.contains("SAM 1") == true)
  }
}
