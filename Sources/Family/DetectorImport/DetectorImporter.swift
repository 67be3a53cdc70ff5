public import Bytes
public import DetectorConfig
public import Graph
import JSON
import SAM2Config
import SAM2Import
public import Tensors
public import Tokenizer

/// Imports a checkpoint of OWLv2 or OWL-ViT, as saved by `transformers`, as graphs and weights.
public enum DetectorImporter {
  /// The user's choices.
  public struct Options: Sendable {
    /// The entries of the `config.json` next to the checkpoint.
    public var published: PublishedConfiguration?
    /// Side of the pictures to look at; nil for the checkpoint's, which is also the maximum.
    public var imageSize: Int?
    public var storage = DType.float32

    public init() {}
  }

  /// The detector that the tensor names belong to; nil for another model.
  public static func kind(of tensors: any TensorCollection) -> DetectorKind? {
    DetectorShapes.kind(of: tensors)
  }

  /// Converts a checkpoint and includes the `merges` of its tokenizer.
  ///
  /// Weights are shared with the checkpoint or written to a temporary file, as `ModelImporter` does
  /// for a later writer; all of them are kept, whether or not a graph uses them. A smaller picture
  /// has the positions of the upper-left part of the grid, as in the reference implementation
  /// (google-research/scenic); `transformers` would interpolate them.
  /// - Throws: `detector.shapes`, `detector.image_size`, `detector.tokenizer`, `config.*`; what
  ///   `ModelImporter` throws for weights.
  public static func importModel(
    _ checkpoint: any TensorCollection, merges: MergeList, options: Options = Options(),
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(Failure) -> ImportedDetector {
    guard let kind = DetectorShapes.kind(of: checkpoint) else {
      throw Failure(
        .badInput, code: "model.architecture", "the checkpoint holds no OWLv2 and no OWL-ViT")
    }
    let shapes = try DetectorShapes(checkpoint, kind, published: options.published)
    let full = shapes.configuration
    try check(merges, full)
    let configuration = try full.resized(to: options.imageSize)
    var weights = WeightTable()
    var nonFinite: [(name: String, count: Int)] = []
    try convert(
      checkpoint, full, configuration, options.storage, into: &weights, &nonFinite, progress)
    addDerived(configuration, merges, to: &weights)
    let model = Model(
      metadata: metadata(configuration, assumptions: shapes.assumptions),
      graphs: try graphs(for: configuration), weights: weights)
    try model.verify()
    try DetectorInterface(configuration).check(model)
    return ImportedDetector(
      model: model, configuration: configuration, assumptions: shapes.assumptions,
      notes: notes(checkpoint, full, configuration), nonFinite: nonFinite)
  }

  /// The graphs of a configuration, in the order of use.
  public static func graphs(for configuration: DetectorConfiguration) throws(Failure) -> [Graph] {
    var graphs: [Graph] = []
    for name in DetectorGraph.allCases {
      switch name {
      case .encodeText: graphs.append(try TextGraph.graph(configuration))
      case .findBoxes: graphs.append(try PictureGraph.graph(configuration))
      case .matchQueries: graphs.append(try MatchGraph.graph(configuration))
      }
    }
    return graphs
  }

  private static func check(_ merges: MergeList, _ c: DetectorConfiguration) throws(Failure) {
    guard merges.vocabularyCount == c.vocabularyCount else {
      throw Failure(
        .badInput, code: "detector.tokenizer",
        "the tokenizer has \(merges.vocabularyCount) tokens, the checkpoint \(c.vocabularyCount)",
        hint: "give the tokenizer of this checkpoint with --tokenizer FOLDER|FILE")
    }
  }

  // MARK: - Weights

  private static func convert(
    _ checkpoint: any TensorCollection, _ full: DetectorConfiguration,
    _ configuration: DetectorConfiguration, _ storage: DType, into weights: inout WeightTable,
    _ nonFinite: inout [(name: String, count: Int)], _ progress: (Int, Int) -> Void
  ) throws(Failure) {
    let official = DetectorTensors(full)
    var spill = SpillBuffer()
    for (index, name) in official.names.enumerated() {
      guard let found = checkpoint.description(of: name) else {
        throw Failure(
          .badInput, code: "detector.shapes", "the checkpoint has no tensor \(name)",
          hint: "convert the whole checkpoint that transformers saved")
      }
      let expected = Shape(official.shapes[name] ?? [])
      guard found.shape == expected else {
        throw Failure(
          .badInput, code: "detector.shapes", "its shape is \(found.shape), not \(expected)",
          place: "tensor \(name)")
      }
      var tensor = try checkpoint.tensor(name)
      let count = try ModelImporter.check(tensor, name, for: storage)
      if count > 0 { nonFinite.append((name, count)) }
      if name.hasSuffix("vision_model.embeddings.position_embedding.weight") {
        tensor = tensor.positions(ofSide: configuration.side, from: full.side)
      }
      let isShared = tensor.dtype.elementType != nil
      weights.set(name, try spill.spilled(isShared ? tensor : tensor.converted(to: storage)))
      tensor.storage.releasePages(in: tensor.byteOffset..<(tensor.byteOffset + tensor.byteCount))
      progress(index + 1, official.names.count)
    }
  }

  private static func addDerived(
    _ c: DetectorConfiguration, _ merges: MergeList, to weights: inout WeightTable
  ) {
    let (count, shape) = (c.tokenCount, Shape([c.tokenCount, c.tokenCount]))
    let cells = (0..<(count * count)).map { (row: $0 / count, column: $0 % count) }
    weights.set(
      DetectorTensors.causalMask,
      Tensor(cells.map { $0.column > $0.row ? Float(-10_000) : 0 }, shape: shape))
    weights.set(
      DetectorTensors.identity,
      Tensor(cells.map { $0.column == $0.row ? Float(1) : 0 }, shape: shape))
    let text = Array(merges.text.utf8)
    unsafe weights.set(
      DetectorTensors.merges,
      Tensor(dtype: .uint8, shape: Shape([text.count])) { unsafe $0.copyBytes(from: text) })
  }

  private static func notes(
    _ checkpoint: any TensorCollection, _ full: DetectorConfiguration, _ c: DetectorConfiguration
  ) -> [String] {
    var notes: [String] = []
    let known = DetectorTensors(full).shapes
    // Position counters, which old versions saved.
    let others = checkpoint.names.filter { known[$0] == nil }
    if !others.isEmpty {
      let shown = others.prefix(4).map { printable($0) }.joined(separator: ", ")
      notes.append(
        "left out \(others.count) tensors that are not weights of \(c.kind.name): \(shown)"
          + (others.count > 4 ? ", …" : ""))
    }
    if c.imageSize != full.imageSize {
      notes.append(
        "pictures of \(c.imageSize) instead of \(full.imageSize) pixels a side: the positions of "
          + "the upper left \(c.side) x \(c.side) of \(full.side) x \(full.side) patches are kept")
    }
    return notes
  }

  // MARK: - Metadata

  private static func metadata(
    _ c: DetectorConfiguration, assumptions: [String]
  ) -> JSONValue {
    [
      Architecture.key: JSONValue(c.kind.architecture.rawValue),
      "family": JSONValue(c.kind.name),
      "configuration": c.json,
      "assumptions": .array(assumptions.map { JSONValue($0) }),
      "preprocessing": [
        "image_size": JSONValue(c.imageSize),
        "mean": .array(c.pixelMean.map { JSONValue($0) }),
        "std": .array(c.pixelStd.map { JSONValue($0) }),
      ],
    ]
  }
}

extension DetectorConfiguration {
  /// The same configuration for pictures of another size.
  fileprivate func resized(to size: Int?) throws(Failure) -> DetectorConfiguration {
    guard let size, size != imageSize else { return self }
    guard size % patchSize == 0, size >= patchSize, size < imageSize else {
      throw Failure(
        .badInput, code: "detector.image_size",
        "\(size) pixels a side: it must be a multiple of \(patchSize), and \(imageSize) at most",
        hint: "for example --image-size \(imageSize / patchSize / 2 * patchSize)")
    }
    var copy = self
    copy.imageSize = size
    return copy
  }
}

extension Tensor {
  /// Rows of the picture's token and of the upper-left patches of a grid.
  fileprivate func positions(ofSide side: Int, from full: Int) -> Tensor {
    guard side < full else { return self }
    let row = shape[1] * dtype.byteCount
    return unsafe Tensor(dtype: dtype, shape: Shape([side * side + 1, shape[1]])) { out in
      unsafe withUnsafeBytes { bytes in
        for index in 0...(side * side) {
          let source = index == 0 ? 0 : 1 + (index - 1) / side * full + (index - 1) % side
          unsafe UnsafeMutableRawBufferPointer(rebasing: out[(index * row)..<((index + 1) * row)])
            .copyMemory(
              from: UnsafeRawBufferPointer(rebasing: bytes[(source * row)..<((source + 1) * row)]))
        }
      }
    }
  }
}
