public import Bytes
import JSON
public import SAM2Config
public import Tensors

/// Finds the configuration of a checkpoint: from its shapes, a published one, or a given one.
public enum ConfigurationDetector {
  public struct Detection: Sendable {
    public var configuration: ModelConfiguration
    /// What nothing in the checkpoint tells and was taken from elsewhere, in words.
    public var assumptions: [String]
  }

  /// Reads names and shapes only; `given` is the configuration the user named, if any, and the
  /// shapes must agree with it.
  /// - Throws: `model.architecture` when this is no SAM 2, `config.mismatch` when the shapes
  ///   contradict `given`, `config.needed` when the layout is one that nobody published and none
  ///   is given, and what `ModelConfiguration.validate` throws.
  public static func detect(
    _ tensors: any TensorCollection, given: ModelConfiguration? = nil
  ) throws(Failure) -> Detection {
    let checkpoint = CheckpointShapes(tensors)
    if let given {
      try check(given, against: checkpoint)
      return Detection(configuration: given, assumptions: [])
    }
    if let known = KnownVariants.all.first(where: checkpoint.matches) {
      return Detection(configuration: known, assumptions: [])
    }
    return try derive(from: checkpoint)
  }

  // MARK: - A given configuration

  private static func check(
    _ given: ModelConfiguration, against checkpoint: CheckpointShapes
  ) throws(Failure) {
    try given.validate()
    if checkpoint.matches(given) { return }
    let told = checkpoint.configuration(from: given)
    let contradictions = (told?.differences(from: given) ?? []).map { difference in
      "\(difference.key) is \(text(difference.other)) in the configuration, "
        + "\(text(difference.own)) in the checkpoint"
    }
    guard !contradictions.isEmpty, let told, isConsistent(told, checkpoint) else {
      throw ArchitectureReport(checkpoint, expected: given).failure
    }
    throw Failure(
      .badInput, code: "config.mismatch",
      "the configuration does not fit the checkpoint: "
        + contradictions.prefix(4).joined(separator: "; "),
      hint: "pass the configuration this checkpoint was trained with, or none")
  }

  private static func isConsistent(
    _ configuration: ModelConfiguration, _ checkpoint: CheckpointShapes
  ) -> Bool {
    do throws(Failure) {
      let harmless = withoutLayout(configuration)
      try harmless.validate()
      return checkpoint.matches(harmless)
    } catch {
      return false
    }
  }

  /// As compact JSON.
  private static func text(_ value: JSONValue) -> String {
    switch value {
    case .array(let elements): "[" + elements.map(text).joined(separator: ", ") + "]"
    case .bool(let value): String(value)
    case .integer(let value): String(value)
    case .number(let value): String(value)
    case .string(let value): printable(value)
    case .null, .object: value.kindName
    }
  }

  // MARK: - An unpublished size

  private static func derive(from checkpoint: CheckpointShapes) throws(Failure) -> Detection {
    guard var c = checkpoint.configuration(from: ModelConfiguration()),
      isConsistent(c, checkpoint)
    else { throw ArchitectureReport(checkpoint, expected: nil).failure }
    let layouts = KnownVariants.all.filter {
      $0.embedDim == c.embedDim && $0.stages == c.stages && $0.windowSpec[0] == c.windowSpec[0]
    }
    guard let donor = layouts.first(where: { $0.family == c.family }) ?? layouts.first else {
      throw Failure(
        .badInput, code: "config.needed",
        "this is a SAM 2 with stages \(c.stages) at width \(c.embedDim), which is no published "
          + "size: heads, windows and image size are not in a checkpoint",
        hint: "pass the YAML file it was trained with as --config")
    }
    c.imageSize = donor.imageSize
    c.numHeads = donor.numHeads
    c.windowSpec = donor.windowSpec
    c.globalAttentionBlocks = donor.globalAttentionBlocks
    c.addTposEncToObjPtrs = c.projTposEncInObjPtrs
    c.useSignedTposEncToObjPtrs = c.projTposEncInObjPtrs
    c.fixedNoObjPtr = c.predObjScores
    try c.validate()
    return Detection(
      configuration: c,
      assumptions: [
        "trunk as in \(donor.variant): \(c.numHeads) heads in the first stage, windows "
          + "\(c.windowSpec), global attention in blocks \(c.globalAttentionBlocks)",
        "image size \(c.imageSize), normalised as in \(donor.variant)",
        "memory and mask switches as in the official \(c.family) configurations",
      ])
  }

  /// The trunk's attention layout made harmless: shapes do not tell it.
  private static func withoutLayout(_ configuration: ModelConfiguration) -> ModelConfiguration {
    var c = configuration
    c.numHeads = 1
    c.globalAttentionBlocks = []
    let window = c.windowSpec[0]
    c.windowSpec = c.stages.map { _ in window }
    c.imageSize = max(32, window * 4 * (4 << min(4, max(0, c.stages.count - 1))))
    c.fixedNoObjPtr = c.fixedNoObjPtr && c.predObjScores
    c.addTposEncToObjPtrs = c.addTposEncToObjPtrs || c.projTposEncInObjPtrs
    return c
  }
}
