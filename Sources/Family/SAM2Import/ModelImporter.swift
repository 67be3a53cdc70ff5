public import Bytes
public import Graph
import JSON
public import SAM2Config
public import Tensors

/// Turns a SAM 2 checkpoint and its configuration into graphs and weights.
public enum ModelImporter {
  /// Detects the configuration (see `ConfigurationDetector`), then converts.
  ///
  /// All of the checkpoint's tensors are kept, used by a graph or not, so that it can be exported
  /// again. Their order in the checkpoint does not matter, nor does it whether they have the
  /// official names or those of Hugging Face `transformers`. Elements are converted one tensor at a
  /// time; those that already have type `storage` are shared with the checkpoint. When
  /// `convertsLater`, all float tensors that a writer can convert are shared, and only checked for
  /// what `storage` cannot hold; those that are no part of the checkpoint's file (they were
  /// compressed, strided or converted) go to a temporary one. So memory does not grow with a
  /// checkpoint.
  /// `given` is the configuration named by the user, if any; `storage` is float32, float16 or
  /// bfloat16; `progress` hears after each tensor how many are done, of how many.
  /// - Throws: what detection throws; `model.dtype` for weights that are no floats; `model.range`
  ///   for a weight too large for `storage`; what reading a tensor throws; `output.create`,
  ///   `output.write` for the temporary file.
  public static func importModel(
    _ tensors: any TensorCollection, configuration given: ModelConfiguration? = nil,
    storage: DType = .float32, convertsLater: Bool = false,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(Failure) -> ImportedModel {
    let (tensors, notes) = try official(tensors)
    let detection = try ConfigurationDetector.detect(tensors, given: given)
    let configuration = detection.configuration
    let graphs = try graphs(for: configuration)
    var weights = WeightTable()
    var spill = SpillBuffer()
    var nonFinite: [(name: String, count: Int)] = []
    // Detection has made sure that the checkpoint has these names and no others.
    let names = OfficialTensors(configuration).names
    for (index, name) in names.enumerated() {
      let tensor = try tensors.tensor(name)
      let count = try check(tensor, name, for: storage)
      if count > 0 { nonFinite.append((name, count)) }
      let isShared = convertsLater && tensor.dtype.elementType != nil
      let weight = isShared ? tensor : tensor.converted(to: storage)
      weights.set(name, convertsLater ? try spill.spilled(weight) : weight)
      tensor.storage.releasePages(
        in: tensor.byteOffset..<(tensor.byteOffset + tensor.byteCount))
      progress(index + 1, names.count)
    }
    let metadata = metadata(of: configuration, assumptions: detection.assumptions)
    let model = Model(metadata: metadata, graphs: graphs, weights: weights)
    try model.verify()
    return ImportedModel(
      model: model, configuration: configuration, assumptions: detection.assumptions,
      notes: notes, nonFinite: nonFinite)
  }

  /// The tensors under their official names.
  private static func official(
    _ tensors: any TensorCollection
  ) throws(Failure) -> (tensors: any TensorCollection, notes: [String]) {
    guard HuggingFaceTensors.recognizes(tensors) else { return (tensors, []) }
    let renamed = try HuggingFaceTensors(tensors)
    return (renamed, ["read \(tensors.names.count) names of Hugging Face transformers as official"])
  }

  /// The named graphs of a configuration, in the order of use.
  /// - Throws: `config.value` or `config.unsupported`.
  public static func graphs(for configuration: ModelConfiguration) throws(Failure) -> [Graph] {
    try configuration.validate()
    let tensors = OfficialTensors(configuration)
    return [
      try ImageEncoderGraph.graph(configuration, tensors),
      try ConstantsGraph.graph(configuration, tensors),
      try PromptEncoderGraphs.points(configuration, tensors),
      try PromptEncoderGraphs.mask(configuration, tensors),
      try MaskDecoderGraph.preparation(configuration, tensors),
      try MaskDecoderGraph.graph(configuration, tensors),
      try PointerGraphs.projection(configuration, tensors),
      try PointerGraphs.positions(configuration, tensors),
      try MemoryAttentionGraph.graph(configuration, tensors),
      try MemoryEncoderGraphs.upscaling(configuration, tensors),
      try MemoryEncoderGraphs.memory(configuration, tensors),
      try MemoryEncoderGraphs.maskAsOutput(configuration, tensors),
    ]
  }

  // MARK: - Weights

  /// How many elements are NaN or infinite.
  /// - Throws: `model.dtype`, `model.storage`, `model.range`.
  private static func check(
    _ tensor: Tensor, _ name: String, for storage: DType
  ) throws(Failure) -> Int {
    guard tensor.dtype.isFloatingPoint else {
      throw Failure(
        .badInput, code: "model.dtype",
        "weights are \(tensor.dtype.name), not floating-point numbers", place: "tensor \(name)")
    }
    guard [.float32, .float16, .bfloat16].contains(storage) else {
      throw Failure(
        .usage, code: "model.storage", "weights cannot be stored as \(storage.name)",
        hint: "f32, f16 and bf16 can be chosen")
    }
    // Doubles that floats cannot hold become infinite.
    let stored = tensor.dtype == .float64 ? tensor.converted(to: .float32) : tensor
    let nonFiniteCount = stored.nonFiniteCount
    guard storage == .float16, tensor.dtype != .float16 else { return nonFiniteCount }
    let fits = tensor.floats().allSatisfy { $0.magnitude < firstBeyondFloat16 || !$0.isFinite }
    guard fits else {
      throw Failure(
        .badInput, code: "model.range", "a weight is too large for f16", place: "tensor \(name)",
        hint: "store as bf16 or f32")
    }
    return nonFiniteCount
  }

  /// Half a step above the largest float16, 65504: from here on rounding gives infinity.
  private static let firstBeyondFloat16: Float = 65520

  // MARK: - Metadata

  /// Architecture, configuration and preprocessing; provenance is added by who knows the source.
  private static func metadata(
    of configuration: ModelConfiguration, assumptions: [String]
  ) -> JSONValue {
    [
      Architecture.key: JSONValue(Architecture.sam2.rawValue),
      "family": JSONValue(configuration.family),
      "configuration": configuration.json,
      "assumptions": .array(assumptions.map { JSONValue($0) }),
      "preprocessing": [
        "image_size": JSONValue(configuration.imageSize),
        "mean": .array(configuration.pixelMean.map { JSONValue($0) }),
        "std": .array(configuration.pixelStd.map { JSONValue($0) }),
      ],
    ]
  }
}
