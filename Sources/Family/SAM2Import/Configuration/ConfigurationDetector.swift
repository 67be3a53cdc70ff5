public import Bytes
import JSON
public import ModelInterface
public import SAM2Config
public import Tensors

/// Finds the configuration of a checkpoint: one from its shapes, a published one, or a given one.
public enum ConfigurationDetector {
  public struct Detection: Sendable {
    public var configuration: ModelConfiguration
    /// The parts of a SAM 2 that the checkpoint holds.
    public var parts: ModelParts
    /// Settings that nothing in the checkpoint determines, taken from elsewhere, in words.
    public var assumptions: [String]
    /// The requested change of the input size; nil when it is as configured.
    public var resizing: InputResizing?
  }

  /// Detects the configuration from names and shapes only.
  ///
  /// `given` is the configuration named by the user, if any; the shapes must agree with it.
  /// `imageSize` replaces the side of the input, whether found or given.
  /// - Throws: `model.architecture` when this is not a SAM 2, `config.mismatch` when the shapes
  ///   contradict `given`, `config.needed` when the layout is unpublished and none is given,
  ///   `config.image_size`, and what `ModelConfiguration.validate` throws.
  public static func detect(
    _ tensors: any TensorCollection, given: ModelConfiguration? = nil, imageSize: Int? = nil
  ) throws(Failure) -> Detection {
    var detection = try detect(tensors, given: given)
    let configured = detection.configuration.imageSize
    guard let imageSize, imageSize != configured else { return detection }
    detection.configuration = try detection.configuration.resized(to: imageSize)
    detection.resizing = InputResizing(configured: configured, requested: imageSize)
    return detection
  }

  private static func detect(
    _ tensors: any TensorCollection, given: ModelConfiguration?
  ) throws(Failure) -> Detection {
    let checkpoint = CheckpointShapes(tensors)
    if let given {
      try check(given, against: checkpoint)
      return Detection(configuration: given, parts: checkpoint.parts, assumptions: [])
    }
    let known = KnownVariants.all.filter(checkpoint.matches)
    guard let newest = known.last else { return try derive(from: checkpoint) }
    return Detection(
      configuration: newest, parts: checkpoint.parts,
      assumptions: known.dropLast().map { other in
        "\(newest.variant), not \(other.variant): they differ in tracking alone, for which the "
          + "checkpoint holds nothing"
      } + alternatives(to: newest))
  }

  /// Remarks on other published configurations that have the same tensors.
  private static func alternatives(to configuration: ModelConfiguration) -> [String] {
    let names = KnownVariants.alternatives(to: configuration)
    guard !names.isEmpty else { return [] }
    return [
      "\(configuration.variant), not \(names.joined(separator: ", ")): they have the same tensors; "
        + "pass the YAML file of one of these as --config, or --image-size 512, if that is meant"
    ]
  }

  // MARK: - A given configuration

  private static func check(
    _ given: ModelConfiguration, against checkpoint: CheckpointShapes
  ) throws(Failure) {
    try given.validate()
    if checkpoint.matches(given) { return }
    let detected = checkpoint.configuration(from: given)
    let contradictions = (detected?.differences(from: given) ?? []).map { difference in
      "\(difference.key) is \(text(difference.other)) in the configuration, "
        + "\(text(difference.own)) in the checkpoint"
    }
    guard !contradictions.isEmpty, let detected, isConsistent(detected, checkpoint) else {
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

  /// `value` as compact JSON.
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
    let layouts = KnownVariants.all.filter { $0.trunk.hasTensors(of: c.trunk) }
    guard let donor = layouts.first(where: { $0.family == c.family }) ?? layouts.first else {
      throw Failure(
        .badInput, code: "config.needed",
        "this is a SAM 2 with \(c.trunk.sizeInWords), which is not a published size: heads, windows "
          + "and image size are not in a checkpoint",
        hint: "pass the YAML file it was trained with as --config")
    }
    c.imageSize = donor.imageSize
    c.trunk = c.trunk.withLayout(of: donor.trunk)
    c.pointers.addTposEncToObjPtrs = c.pointers.projTposEncInObjPtrs
    c.pointers.useSignedTposEncToObjPtrs = c.pointers.projTposEncInObjPtrs
    c.pointers.fixedNoObjPtr = c.decoder.predObjScores
    try c.validate()
    return Detection(
      configuration: c, parts: checkpoint.parts,
      assumptions: [
        "trunk as in \(donor.variant): \(c.trunk.layoutInWords)",
        "image size \(c.imageSize), normalised as in \(donor.variant)",
        "memory and mask switches as in the official \(c.family) configurations",
      ])
  }

  /// A layout of attention that suits the checkpoint's shapes, which do not determine it.
  private static func withoutLayout(_ configuration: ModelConfiguration) -> ModelConfiguration {
    var c = configuration
    (c.trunk, c.imageSize) = c.trunk.withPlainLayout
    // The perceiver needs whole windows.
    if let side = c.memory.perceiver?.gridSide, (1...256).contains(side) {
      c.imageSize *= side
    }
    c.pointers.fixedNoObjPtr = c.pointers.fixedNoObjPtr && c.decoder.predObjScores
    c.pointers.addTposEncToObjPtrs =
      c.pointers.addTposEncToObjPtrs || c.pointers.projTposEncInObjPtrs
    return c
  }
}
