public import Bytes
public import Graph
import JSON

/// Which parts of SAM 2 a model holds: all, or only what some uses need.
public enum ModelParts: String, Sendable, CaseIterable {
  case all
  /// Pictures and prompts: no memory, and so no tracking.
  case imageOnly = "image-only"
  /// Features of pictures: no prompts and no masks.
  case encoderOnly = "encoder-only"

  /// What a caller wants of a model.
  public enum Use: Sendable, CaseIterable {
    case encoding
    case prompting
    case tracking
  }

  private static let encoderGraph = "encode_image"
  private static let imageGraphs: Set<String> = [
    encoderGraph, "constants", "encode_prompts", "encode_mask_prompt", "prepare_decoder",
    "decode_masks",
  ]
  /// The output of graph `constants` that only tracking asks for.
  private static let memoryConstant = "memory_positions"

  /// What a model with such graphs can be used for.
  init(_ graphs: any GraphRunning) {
    if !graphs.hasGraph("decode_masks") {
      self = .encoderOnly
    } else {
      self = graphs.hasGraph("attend_memory") ? .all : .imageOnly
    }
  }

  public func allows(_ use: Use) -> Bool {
    switch use {
    case .encoding: true
    case .prompting: self != .encoderOnly
    case .tracking: self == .all
    }
  }

  /// `model` with only these parts: other graphs go, with the weights that none of the rest uses.
  ///
  /// Dead nodes that remain are for the pass that eliminates them.
  /// - Throws: `model.parts` when the model does not hold the parts.
  public func reduced(_ model: Model) throws(Failure) -> Model {
    guard self != .all else { return model }
    let kept = self == .encoderOnly ? [Self.encoderGraph] : Self.imageGraphs
    guard kept.allSatisfy({ model.graph($0) != nil }) else {
      throw Failure(
        .badInput, code: "model.parts", "the model lacks graphs that \(rawValue) keeps",
        hint: "begin with the file that sam2-convert wrote")
    }
    var result = model
    result.graphs = model.graphs.filter { kept.contains($0.name) }
    for index in result.graphs.indices where result.graphs[index].name == "constants" {
      result.graphs[index].outputs.removeAll { $0.name == Self.memoryConstant }
    }
    let before = Set(model.graphs.flatMap(\.weightNames))
    let after = Set(result.graphs.flatMap(\.weightNames))
    for name in model.weights.names where before.contains(name) && !after.contains(name) {
      result.weights.remove(name)
    }
    result.metadata = .object(
      (model.metadata.object ?? []).filter { $0.key != Self.metadataKey }
        + [(Self.metadataKey, .string(rawValue))])
    return result
  }

  /// Says in a file which parts it holds.
  public static let metadataKey = "parts"
}

extension SegmentationModel {
  /// - Throws: `model.encoder_only`, `model.image_only` when the model lacks what `use` needs.
  public func require(_ use: ModelParts.Use) throws(Failure) {
    guard !parts.allows(use) else { return }
    switch parts {
    case .all: return
    case .imageOnly:
      throw Failure(
        .badInput, code: "model.image_only", "the model cannot track: it holds no memory",
        hint: "use a file that was made without --image-only")
    case .encoderOnly:
      throw Failure(
        .badInput, code: "model.encoder_only",
        "the model cannot segment: it holds the image encoder only",
        hint: "use a file that was made without --encoder-only")
    }
  }
}
