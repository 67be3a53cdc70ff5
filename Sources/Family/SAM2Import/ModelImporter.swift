public import Bytes
public import Graph
import JSON
public import ModelInterface
public import SAM2Config
public import Tensors

/// Imports a SAM 2 checkpoint and its configuration as graphs and weights.
public enum ModelImporter {
  /// Finds the weights (see `WeightSearch`) and their configuration (see `ConfigurationDetector`),
  /// then converts.
  ///
  /// All weights are kept, whether or not a graph uses them, so that they can be exported again.
  /// Neither their order in the checkpoint matters, nor which of the known names and keys they
  /// have. A checkpoint for pictures only, without any memory weights, becomes a model without
  /// memory graphs. Elements are converted one tensor at a time; those that already have type
  /// `storage` are shared with the checkpoint. When `convertsLater`, all float tensors that a
  /// writer can convert are shared, and are only checked for values that `storage` cannot hold;
  /// those that are not part of the checkpoint's file (because they were compressed, strided or
  /// converted) are written to a temporary one. So memory does not grow with the checkpoint.
  ///
  /// `given` is the configuration named by the user, if any, `imageSize` the side of the input if
  /// it is to differ from the configured one, and `key` the place of the weights; `storage` is
  /// float32, float16 or bfloat16; `progress` receives after each tensor how many are done, and of
  /// how many.
  /// - Throws: what search and detection throw; `model.dtype` for weights that are not floats;
  ///   `model.range` for a weight too large for `storage`; what reading a tensor throws;
  ///   `output.create`, `output.write` for the temporary file.
  public static func importModel(
    _ checkpoint: any TensorCollection, at key: String? = nil,
    configuration given: ModelConfiguration? = nil, imageSize: Int? = nil,
    storage: DType = .float32, convertsLater: Bool = false,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(Failure) -> ImportedModel {
    let search = try WeightSearch(checkpoint, at: key)
    let tensors = search.tensors
    let detection = try ConfigurationDetector.detect(
      tensors, given: given, imageSize: imageSize)
    let configuration = detection.configuration
    let parts = detection.parts
    let graphs = try graphs(for: configuration, parts: parts)
    var weights = WeightTable()
    var spill = SpillBuffer()
    var nonFinite: [(name: String, count: Int)] = []
    // Detection has ensured that the checkpoint has these names and no others.
    let names = OfficialTensors(configuration, parts).names
    for (index, name) in names.enumerated() {
      let tensor = try tensors.tensor(name)
      if OfficialTensors.isCounter(name) {
        // Kept as it is, so that it can be exported again.
        weights.set(name, convertsLater ? try spill.spilled(tensor) : tensor)
        progress(index + 1, names.count)
        continue
      }
      let count = try check(tensor, name, for: storage)
      if count > 0 { nonFinite.append((name, count)) }
      let isShared = convertsLater && tensor.dtype.elementType != nil
      let weight = isShared ? tensor : tensor.converted(to: storage)
      weights.set(name, convertsLater ? try spill.spilled(weight) : weight)
      tensor.storage.releasePages(
        in: tensor.byteOffset..<(tensor.byteOffset + tensor.byteCount))
      progress(index + 1, names.count)
    }
    let metadata = metadata(of: detection)
    let model = Model(metadata: metadata, graphs: graphs, weights: weights)
    try model.verify()
    return ImportedModel(
      model: model, configuration: configuration, parts: parts, layout: search.layout,
      assumptions: detection.assumptions, resizing: detection.resizing, notes: search.notes,
      nonFinite: nonFinite)
  }

  /// The named graphs of a configuration, in the order of use.
  /// - Throws: `config.value` or `config.unsupported`.
  public static func graphs(
    for configuration: ModelConfiguration, parts: ModelParts = .all
  ) throws(Failure) -> [Graph] {
    try configuration.validate()
    var graphs: [Graph] = []
    for name in parts.graphs(of: configuration) {
      graphs.append(try graph(name, configuration, parts))
    }
    return graphs
  }

  private static func graph(
    _ name: GraphName, _ c: ModelConfiguration, _ parts: ModelParts
  ) throws(Failure) -> Graph {
    let tensors = OfficialTensors(c, parts)
    return switch name {
    case .encodeImage: try ImageEncoderGraph.graph(c, tensors)
    case .constants: try ConstantsGraph.graph(c, tensors, parts)
    case .encodePrompts: try PromptEncoderGraphs.points(c, tensors)
    case .encodeMaskPrompt: try PromptEncoderGraphs.mask(c, tensors)
    case .prepareDecoder: try MaskDecoderGraph.preparation(c, tensors)
    case .decodeMasks: try MaskDecoderGraph.graph(c, tensors)
    case .projectPointer: try PointerGraphs.projection(c, tensors)
    case .pointerPositions: try PointerGraphs.positions(c, tensors)
    case .attendMemory: try MemoryAttentionGraph.graph(c, tensors)
    case .attendPooledMemory: try MemoryAttentionGraph.pooledGraph(c, tensors)
    case .upscaleMasks: try MemoryEncoderGraphs.upscaling(c, tensors)
    case .encodeMemory: try MemoryEncoderGraphs.memory(c, tensors)
    case .maskAsOutput: try MemoryEncoderGraphs.maskAsOutput(c, tensors)
    }
  }

  // MARK: - Weights

  /// Counts the elements that are NaN or infinite.
  /// - Throws: `model.dtype`, `model.storage`, `model.range`.
  package static func check(
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

  /// Half a step above the largest float16, 65504; from here on, rounding gives infinity.
  private static let firstBeyondFloat16: Float = 65520

  // MARK: - Metadata

  /// Architecture, configuration and preprocessing; callers that know the source add provenance.
  private static func metadata(of detection: ConfigurationDetector.Detection) -> JSONValue {
    let configuration = detection.configuration
    let members: JSONValue = [
      Architecture.key: JSONValue(Architecture.sam2.rawValue),
      "family": JSONValue(configuration.family),
      "configuration": configuration.json,
      "assumptions": .array(detection.assumptions.map { JSONValue($0) }),
      "preprocessing": [
        "image_size": JSONValue(configuration.imageSize),
        "mean": .array(configuration.pixelMean.map { JSONValue($0) }),
        "std": .array(configuration.pixelStd.map { JSONValue($0) }),
      ],
    ]
    var more: [(key: String, value: JSONValue)] = []
    if let resizing = detection.resizing { more.append((InputResizing.metadataKey, resizing.json)) }
    if detection.parts != .all {
      more.append((ModelParts.metadataKey, JSONValue(detection.parts.rawValue)))
    }
    return .object((members.object ?? []) + more)
  }
}
