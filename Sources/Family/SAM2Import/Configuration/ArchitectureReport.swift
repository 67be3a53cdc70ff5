import Bytes
import SAM2Config

/// Explains how a checkpoint differs from the SAM 2 that was expected.
struct ArchitectureReport {
  private let checkpoint: CheckpointShapes
  private let expected: OfficialTensors
  private let expectedName: String

  /// Compares with `expected`, or else with the published configuration that agrees best.
  init(_ checkpoint: CheckpointShapes, expected configuration: ModelConfiguration?) {
    self.checkpoint = checkpoint
    if let configuration {
      expected = OfficialTensors(configuration, checkpoint.parts)
      expectedName = "the given configuration"
      return
    }
    var best = ModelConfiguration()
    var bestTensors = OfficialTensors(best, checkpoint.parts)
    var bestAgreement = -1
    for known in KnownVariants.all {
      let tensors = OfficialTensors(known, checkpoint.parts)
      // A larger model shares many names with a smaller one, so missing tensors count against it.
      let agreement = 2 * checkpoint.agreement(with: tensors) - tensors.names.count
      if bestAgreement == -1 || agreement > bestAgreement {
        (best, bestTensors, bestAgreement) = (known, tensors, agreement)
      }
    }
    expected = bestTensors
    expectedName = "\(best.variant), the nearest known model"
  }

  /// `model.architecture`, with the first names of each kind.
  var failure: Failure {
    let differences = checkpoint.differences(from: expected)
    var parts: [String] = []
    if !differences.missing.isEmpty {
      parts.append(
        "\(differences.missing.count) tensors are missing (\(list(differences.missing)))")
    }
    if !differences.unexpected.isEmpty {
      parts.append(
        "\(differences.unexpected.count) are unexpected (\(list(differences.unexpected)))")
    }
    if !differences.misshapen.isEmpty {
      let shapes = differences.misshapen.prefix(3).map { name in
        "\(name) is \(checkpoint.shapes[name] ?? []), not \(expected.shapes[name] ?? [])"
      }
      parts.append("\(differences.misshapen.count) have another shape (\(join(shapes)))")
    }
    if let failure = missingStatistics(differences) { return failure }
    let other = otherArchitecture.map { "this looks like \($0), not SAM 2" }
    return Failure(
      .badInput, code: "model.architecture",
      "\(other ?? "the tensors are not those of a SAM 2 checkpoint"): compared with "
        + "\(expectedName), \(parts.joined(separator: ", "))",
      hint:
        "SAM 2, SAM 2.1 and EdgeTAM checkpoints can be converted, whole or for pictures only, with the "
        + "names of the official code, of Hugging Face transformers, of the Keras packages paz and "
        + "zeromodels, or of sam3.cpp")
  }

  /// The failure if the only fault is that norms lack their statistics.
  private func missingStatistics(_ differences: CheckpointShapes.Differences) -> Failure? {
    let isStatistic = { (name: String) in
      name.hasSuffix(OfficialTensors.meanSuffix) || name.hasSuffix(OfficialTensors.varianceSuffix)
    }
    guard differences.unexpected.isEmpty, differences.misshapen.isEmpty,
      differences.missing.contains(where: isStatistic),
      differences.missing.allSatisfy({ isStatistic($0) || OfficialTensors.isCounter($0) })
    else { return nil }
    let statistics = differences.missing.filter(isStatistic)
    return Failure(
      .badInput, code: "model.statistics",
      "\(statistics.count) statistics of batch norms are missing (\(list(statistics)))",
      hint: "save the state_dict of the whole model, which holds buffers such as these, instead of "
        + "its parameters alone")
  }

  private func list(_ names: [String]) -> String {
    join(names.prefix(3).map { printable($0, limit: 100) })
      + (names.count > 3 ? ", …" : "")
  }

  private func join(_ texts: [String]) -> String { texts.joined(separator: ", ") }

  /// A guess from characteristic names.
  private var otherArchitecture: String? {
    let signs: [(tensor: String, architecture: String)] = [
      ("image_encoder.blocks.0.attn.qkv.weight", "SAM 1"),
      ("vision_encoder.layers.0.attn.qkv.weight", "the Transformers layout of SAM 1"),
      ("image_encoder.patch_embed.0.c.weight", "MobileSAM"),
      ("layer1.0.conv1.weight", "a ResNet"),
    ]
    // Parts of EdgeTAM, but without one of its trunks.
    if checkpoint.shapes["spatial_perceiver.latents"] != nil,
      checkpoint.trunk(from: ModelConfiguration().trunk) == nil
    {
      return "an EdgeTAM with another trunk than timm's RepViT in its legacy form"
    }
    if let sign = signs.first(where: { checkpoint.shapes[$0.tensor] != nil }) {
      return sign.architecture
    }
    // Keras layers, whose paths may begin with the name of a file.
    let layers: [(part: String, architecture: String)] = [
      ("vi_t_det_patching_and_embedding", "a SAM 1 of keras-hub"),
      ("windowed_transformer_encoder", "a SAM 1 of keras-hub"),
      ("_layer_checkpoint_dependencies", "another model of Keras"),
    ]
    for layer in layers where checkpoint.names.contains(where: { $0.contains(layer.part) }) {
      return layer.architecture
    }
    let isKeras = checkpoint.names.contains { $0.hasSuffix(".vars.0") }
    return isKeras ? "another model of Keras" : nil
  }
}
