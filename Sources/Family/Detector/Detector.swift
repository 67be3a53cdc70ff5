public import Bytes
public import DetectorConfig
public import Graph
public import Media
import ModelFile
public import Runtime
public import Tensors
import Tokenizer

/// Finds objects in pictures from words or from an example: OWLv2 or OWL-ViT.
///
///     let detector = try Detector(path: "owlv2.sam2")
///     let queries = try detector.queries(for: ["red car", "dog"])
///     for found in try detector.detect(queries, in: ImageReader.read("street.jpg")) {
///       print(queries.labels[found.query], found.score, found.box)
///     }
///
/// Loaded once, for use from any number of threads. A text is encoded once and kept; once a picture
/// has been looked at, searching it for other things costs little.
public final class Detector: Sendable {
  public let configuration: DetectorConfiguration
  /// The runtime that runs the graphs.
  public let program: Program
  let pool: StoragePool
  let tokenizer: BytePairTokenizer
  private let grid: BoxGrid
  private let cache = TextCache()
  private let entries: [DetectorGraph: ProgramEntry]

  /// Maximum texts encoded in one call; bounds the memory of a call.
  private static let batchLimit = 32

  /// Loads the `.sam2` file at `path`.
  /// - Throws: what the file reader, the graph verifier and the runtime refuse;
  ///   `model.not_detector` for a SAM 2; `detector.no_tokenizer`.
  public convenience init(path: String, options: RuntimeOptions = .init()) throws(Failure) {
    do {
      try self.init(ModelFile.open(path), options: options)
    } catch {
      throw error.about(file: path)
    }
  }

  /// Prepares a model that is already in memory; `tap` sees values of its graphs as they run.
  /// - Throws: as `init(path:)`; `config.mismatch` or `model.interface` when the graphs are not
  ///   those that the configuration implies.
  public init(
    _ model: Model, options: RuntimeOptions = .init(), tap: ActivationTap? = nil
  ) throws(Failure) {
    configuration = try DetectorConfiguration(metadata: model.metadata)
    let interface = DetectorInterface(configuration)
    try interface.check(model)
    tokenizer = try Self.tokenizer(of: model, configuration)
    pool = StoragePool()
    program = try Program(model, options: options, tap: tap, pool: pool)
    grid = BoxGrid(side: configuration.side)
    var entries: [DetectorGraph: ProgramEntry] = [:]
    for graph in DetectorGraph.allCases {
      entries[graph] = try program.entry(
        graph.rawValue, inputs: interface.inputs(graph).map(\.name),
        outputs: interface.outputs(graph).map(\.name))
    }
    self.entries = entries
  }

  private static func tokenizer(
    of model: Model, _ c: DetectorConfiguration
  ) throws(Failure) -> BytePairTokenizer {
    guard let tensor = model.weights[DetectorConfiguration.mergesName], tensor.dtype == .uint8
    else {
      throw Failure(
        .badInput, code: "detector.no_tokenizer", "the detector's file holds no tokenizer",
        hint: "convert its checkpoint again with the sam2-convert of this version")
    }
    let merges = try MergeList(
      contents: ByteStorage(byteCount: tensor.byteCount) { out in
        tensor.withUnsafeBytes { out.copyMemory(from: $0) }
      })
    guard merges.vocabularyCount == c.vocabularyCount else {
      throw Failure(
        .badInput, code: "detector.tokenizer",
        "the tokenizer has \(merges.vocabularyCount) tokens, the detector \(c.vocabularyCount)")
    }
    return BytePairTokenizer(merges)
  }

  func run(_ graph: DetectorGraph, _ operands: [Tensor]) throws(Failure) -> [Tensor] {
    guard let entry = entries[graph] else {
      throw Failure(.internalError, code: "graph.entry", "there is no graph \(graph.rawValue)")
    }
    return try program.run(entry, operands)
  }

  // MARK: - Words

  /// Queries for texts; texts requested before are not encoded again.
  /// - Throws: `detect.text_none`, `detect.text_empty`, `detect.text_utf8`, `detect.text_long`.
  public func queries(for texts: [String]) throws(Failure) -> DetectorQueries {
    guard !texts.isEmpty else {
      throw Failure(.usage, code: "detect.text_none", "there is no text to look for")
    }
    var vectors: [[Float]] = []
    for start in stride(from: 0, to: texts.count, by: Self.batchLimit) {
      let batch = texts[start..<min(texts.count, start + Self.batchLimit)]
      var new: [(text: String, tokens: TextTokens)] = []
      for text in batch {
        let tokens = try TextTokens(text, tokenizer, limit: configuration.tokenCount)
        if cache[text] == nil { new.append((text, tokens)) }
      }
      let encoded = try encode(new.map(\.tokens))
      for (text, query) in zip(new.map(\.text), encoded) { cache.set(text, query) }
      let made = Dictionary(zip(new.map(\.text), encoded), uniquingKeysWith: { first, _ in first })
      vectors += batch.map { made[$0] ?? cache[$0] ?? [] }
    }
    return DetectorQueries(labels: texts, vectors: vectors)
  }

  private func encode(_ texts: [TextTokens]) throws(Failure) -> [[Float]] {
    guard !texts.isEmpty else { return [] }
    let (count, length) = (texts.count, configuration.tokenCount)
    let tokens = Tensor(texts.flatMap(\.tokens), shape: Shape([count, length]))
    let ends = Tensor(
      texts.enumerated().map { Int32($0 * length + $1.end) }, shape: Shape([count]))
    let queries = try run(.encodeText, [tokens, ends])[0].floats()
    let width = configuration.queryWidth
    return (0..<count).map { Array(queries[($0 * width)..<(($0 + 1) * width)]) }
  }

  // MARK: - Pictures

  /// Looks at a picture, so that it can be searched any number of times.
  public func look(at picture: RGBImage) throws(Failure) -> PictureBoxes {
    try look(
      at: pixels(of: picture), width: picture.width, height: picture.height,
      extent: extent(of: picture))
  }

  /// Looks at pixels [1, S, S, 3], which show a picture of the given size in a square of the given
  /// extent.
  func look(
    at pixels: Tensor, width: Int, height: Int, extent: (x: Float, y: Float)
  ) throws(Failure) -> PictureBoxes {
    var results = try run(.findBoxes, [pixels])[...]
    let boxes = grid.boxes(results.removeFirst())
    let objectness = configuration.kind.hasObjectness ? results.removeFirst() : nil
    guard results.count == 3, let classes = results.popFirst(), let shift = results.popFirst(),
      let scale = results.popFirst()
    else {
      throw Failure(.internalError, code: "graph.entry", "\(results.count) results are not three")
    }
    return PictureBoxes(
      width: width, height: height, boxes: boxes,
      objectness: objectness?.reshaped(Shape([configuration.boxCount])), classes: classes,
      shift: shift, scale: scale, scaleX: extent.x, scaleY: extent.y)
  }

  /// Logits [n, queries] of the boxes of a picture.
  public func logits(
    _ queries: DetectorQueries, for picture: PictureBoxes
  ) throws(Failure) -> Tensor {
    let shape = Shape([1, queries.vectors.count, configuration.queryWidth])
    let vectors = Tensor(queries.vectors.flatMap { $0 }, shape: shape)
    let logits = try run(
      .matchQueries, [picture.classes, picture.shift, picture.scale, vectors])[0]
    return logits.reshaped(Shape([picture.count, queries.vectors.count]))
  }
}

extension DetectorConfiguration {
  /// Name of the tensor in a model file that holds the tokenizer's merges, as UTF-8 text.
  public static let mergesName = "tokenizer.merges"
}
