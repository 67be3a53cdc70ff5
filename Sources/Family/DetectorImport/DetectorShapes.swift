import Bytes
import DetectorConfig
import Tensors

/// Reads the sizes of a detector from the shapes of its tensors.
struct DetectorShapes {
  let configuration: DetectorConfiguration
  /// Assumptions, for people.
  let assumptions: [String]

  private let tensors: any TensorCollection

  /// The detector that the tensors belong to, recognised by a name in all of its checkpoints.
  static func kind(of tensors: any TensorCollection) -> DetectorKind? {
    DetectorKind.allCases.first { tensors.description(of: sign($0)) != nil }
  }

  private static func sign(_ kind: DetectorKind) -> String {
    "\(kind.rawValue).vision_model.embeddings.patch_embedding.weight"
  }

  /// - Throws: `detector.shapes` naming a tensor that is missing or has another rank,
  ///   `config.mismatch`, `config.unsupported`, `config.value`.
  init(
    _ tensors: any TensorCollection, _ kind: DetectorKind, published: PublishedConfiguration?
  ) throws(Failure) {
    self.tensors = tensors
    let reader = ShapeReader(tensors: tensors, root: kind.rawValue)
    var c = DetectorConfiguration()
    c.kind = kind
    let patches = try reader.shape("vision_model.embeddings.patch_embedding.weight", rank: 4)
    let positions = try reader.shape("vision_model.embeddings.position_embedding.weight", rank: 2)
    let side = Int(Double(max(0, positions[0] - 1)).squareRoot().rounded())
    guard side > 0, side * side == positions[0] - 1 else {
      throw Failure(
        .badInput, code: "detector.shapes", "\(positions[0]) positions are not a square and one",
        place: "tensor \(kind.rawValue).vision_model.embeddings.position_embedding.weight")
    }
    c.patchSize = patches[2]
    c.imageSize = side * patches[2]
    let words = try reader.shape("text_model.embeddings.token_embedding.weight", rank: 2)
    c.vocabularyCount = words[0]
    c.tokenCount = try reader.shape(
      "text_model.embeddings.position_embedding.weight", rank: 2)[0]
    c.queryWidth = try reader.shape("text_projection.weight", rank: 2)[0]
    var assumptions: [String] = []
    c.text = try reader.tower("text_model", words[1], published?.text, &assumptions)
    c.vision = try reader.tower("vision_model", patches[0], published?.vision, &assumptions)
    try c.validate()
    try Self.compare(c, published)
    configuration = c
    self.assumptions = assumptions
  }

  /// Refuses a `config.json` that belongs to another model.
  private static func compare(
    _ c: DetectorConfiguration, _ published: PublishedConfiguration?
  ) throws(Failure) {
    guard let published else { return }
    func check(_ name: String, _ entry: Int?, _ shape: Int) throws(Failure) {
      guard let entry, entry != shape else { return }
      throw Failure(
        .badInput, code: "config.mismatch",
        "\(name) is \(entry) in config.json, \(shape) in the checkpoint",
        hint: "put the config.json of this checkpoint beside it, or none")
    }
    for (name, tower, found) in [
      ("text_config", c.text, published.text), ("vision_config", c.vision, published.vision),
    ] {
      for (entry, value) in found.sizes {
        let shape =
          switch entry {
          case "hidden_size": tower.width
          case "num_hidden_layers": tower.layers
          case "intermediate_size": tower.feedforward
          case "vocab_size": c.vocabularyCount
          default: c.patchSize
          }
        try check("\(name).\(entry)", value, shape)
      }
    }
  }
}

private struct ShapeReader {
  let tensors: any TensorCollection
  let root: String

  func shape(_ name: String, rank: Int) throws(Failure) -> [Int] {
    let full = "\(root).\(name)"
    guard let shape = tensors.description(of: full)?.shape.dimensions, shape.count == rank else {
      throw Failure(
        .badInput, code: "detector.shapes",
        tensors.description(of: full) == nil
          ? "the checkpoint has no tensor \(full)" : "\(full) does not have \(rank) axes",
        hint: "convert the whole checkpoint that transformers saved")
    }
    return shape
  }

  func tower(
    _ path: String, _ width: Int, _ published: PublishedConfiguration.Tower?,
    _ assumptions: inout [String]
  ) throws(Failure) -> DetectorConfiguration.Tower {
    let feedforward = try shape("\(path).encoder.layers.0.mlp.fc1.weight", rank: 2)[0]
    var layers = 0
    while tensors.description(of: "\(root).\(path).encoder.layers.\(layers).mlp.fc1.weight") != nil
    { layers += 1 }
    let heads = published?.heads ?? max(1, width / 64)
    if published?.heads == nil {
      assumptions.append("\(path): \(heads) heads, of 64 channels each, as in published models")
    }
    let name = published?.activation ?? TowerActivation.quickGELU.rawValue
    guard let activation = TowerActivation(rawValue: name) else {
      throw Failure(
        .badInput, code: "config.unsupported",
        "the activation of \(path) is \(printable(name, limit: 40)); supported are "
          + TowerActivation.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return DetectorConfiguration.Tower(
      width: width, layers: layers, heads: heads, feedforward: feedforward,
      normEpsilon: Float(published?.normEpsilon ?? 1e-5), activation: activation)
  }
}
