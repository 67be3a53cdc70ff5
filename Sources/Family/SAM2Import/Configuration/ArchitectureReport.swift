import Bytes
import SAM2Config

/// Says why a checkpoint is not the SAM 2 that was expected.
struct ArchitectureReport {
  private let checkpoint: CheckpointShapes
  private let expected: OfficialTensors
  private let expectedName: String

  /// Compares with `expected`, or with the published configuration that shares most tensors.
  init(_ checkpoint: CheckpointShapes, expected configuration: ModelConfiguration?) {
    self.checkpoint = checkpoint
    if let configuration {
      expected = OfficialTensors(configuration)
      expectedName = "the given configuration"
      return
    }
    var best = ModelConfiguration()
    var bestTensors = OfficialTensors(best)
    var bestAgreement = -1
    for known in KnownVariants.all {
      let tensors = OfficialTensors(known)
      // A larger size holds most of a smaller one's names: what is missing counts against it.
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
    let other = otherArchitecture.map { "this looks like \($0), not SAM 2" }
    return Failure(
      .badInput, code: "model.architecture",
      "\(other ?? "the tensors are not those of a SAM 2 checkpoint"): compared with "
        + "\(expectedName), \(parts.joined(separator: ", "))",
      hint: "whole SAM 2 and SAM 2.1 checkpoints can be converted, with the names of the official "
        + "code or of Hugging Face transformers (Sam2VideoModel)")
  }

  private func list(_ names: [String]) -> String {
    join(names.prefix(3).map { printable($0, limit: 100) })
      + (names.count > 3 ? ", …" : "")
  }

  private func join(_ texts: [String]) -> String { texts.joined(separator: ", ") }

  /// A guess from telling names.
  private var otherArchitecture: String? {
    let signs: [(tensor: String, architecture: String)] = [
      ("image_encoder.blocks.0.attn.qkv.weight", "SAM 1"),
      ("vision_encoder.layers.0.attn.qkv.weight", "the Transformers layout of SAM 1"),
      ("image_encoder.patch_embed.0.c.weight", "MobileSAM"),
      ("layer1.0.conv1.weight", "a ResNet"),
      ("model.image_encoder.trunk.pos_embed", "a SAM 2 whose names start with \"model.\""),
      ("module.image_encoder.trunk.pos_embed", "a SAM 2 whose names start with \"module.\""),
    ]
    return signs.first { checkpoint.shapes[$0.tensor] != nil }?.architecture
  }
}
