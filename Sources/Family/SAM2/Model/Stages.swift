import Bytes
import ModelInterface
import Tensors

/// The model's graphs as typed calls.
///
/// All control flow lives above, all arithmetic below. Operands and results are in the order of
/// `ModelInterface`.
struct Stages: Sendable {
  private let run: GraphEntries
  /// Whether the model pools memories when it attends to more than one.
  private let poolsMemories: Bool
  /// Memory for operands, which are new with each frame.
  let pool: StoragePool
  /// [1, h, w, C]: dense embedding that means "no mask prompt"; empty without a decoder.
  let noMaskDense: Tensor
  /// [1, 2, C]: sparse embeddings of a frame without clicks; empty without memory.
  ///
  /// Without clicks, the reference adds a padding click, and then the usual padding.
  let noClicks: Tensor
  /// [memory frames, h * w, Cm]: position codes of a memory, row r including temporal code r; empty
  /// without memory.
  let memoryPositions: Tensor

  /// Runs, once, the graphs whose results depend on no input, as far as the model's parts need
  /// them.
  init(
    _ graphs: any GraphRunning, _ interface: ModelInterface, pool: StoragePool
  ) throws(Failure) {
    self.pool = pool
    run = try GraphEntries(graphs, interface)
    poolsMemories = interface.graphs.contains { $0.name == .attendPooledMemory }
    let constants = interface.parts.allows(.prompting) ? try run(.constants) : []
    let nothing = Tensor([Float](), shape: [0])
    noMaskDense = constants.first ?? nothing
    guard interface.parts.allows(.tracking), let positions = constants.last else {
      (memoryPositions, noClicks) = (nothing, nothing)
      return
    }
    memoryPositions = positions
    noClicks = try Stages.encode([[.padding, .padding]], run)
  }

  /// Features of a picture [1, S, S, 3], normalised RGB.
  func encodeImage(_ pixels: Tensor) throws(Failure) -> ImageFeatures {
    ImageFeatures(try run(.encodeImage, pixels))
  }

  /// Sparse embeddings [B, N, C] of B prompts with N points each, padding included.
  func encodePoints(_ prompts: [[ModelPoint]], width: Int) throws(Failure) -> Tensor {
    let pointCount = prompts.first?.count ?? 0
    precondition(prompts.allSatisfy { $0.count == pointCount })
    guard pointCount > 0 else {
      return Tensor([Float](), shape: Shape([prompts.count, 0, width]))
    }
    return try Stages.encode(prompts, run)
  }

  private static func encode(
    _ prompts: [[ModelPoint]], _ run: GraphEntries
  ) throws(Failure) -> Tensor {
    let pointCount = prompts[0].count
    let points = prompts.flatMap { $0.flatMap { [$0.x, $0.y] } }
    let indices = prompts.flatMap { $0.map { $0.label + 1 } }
    return try run(
      .encodePrompts, Tensor(points, shape: Shape([prompts.count, pointCount, 2])),
      Tensor(indices, shape: Shape([prompts.count, pointCount])))[0]
  }

  /// Dense embeddings [B, h, w, C] of mask prompts [B, S/4, S/4, 1].
  func encodeMaskPrompt(_ logits: Tensor) throws(Failure) -> Tensor {
    try run(.encodeMaskPrompt, logits)[0]
  }

  /// The part of the decoder's work on `features` [1 or B, h, w, C] and `dense` [1 or B, h, w, C]
  /// that needs no clicks; without `dense` there is no mask prompt.
  func prepareDecoder(
    features: Tensor, dense: Tensor? = nil
  ) throws(Failure) -> DecoderImage {
    let dense = dense ?? noMaskDense
    let features =
      dense.shape[0] > features.shape[0]
      ? features.repeated(dense.shape[0]) : features
    let results = try run(.prepareDecoder, features, dense)
    return DecoderImage(
      cells: results[0], keys: results[1], values: results[2], queries: results[3])
  }

  /// Masks for B prompts with `sparse` embeddings [B, N, C] on 1 or B prepared images.
  func decode(
    _ prepared: DecoderImage, image: ImageFeatures, sparse: Tensor
  ) throws(Failure) -> DecodedMasks {
    let results = try run(
      .decodeMasks,
      [prepared.cells, prepared.keys, prepared.values, prepared.queries] + image.finerMaps
        + [sparse])
    return DecodedMasks(
      masks: results[0], predictedIoUs: results[1], tokens: results[2], objectScores: results[3],
      refinement: results.count > 4 ? results[4] : nil)
  }

  /// Object pointer [1, C] of a mask token [1, C]; `present` is 1, 0, or a value in between.
  func pointer(token: Tensor, present: Float) throws(Failure) -> Tensor {
    try run(.projectPointer, token, Tensor([present], shape: [1, 1]))[0]
  }

  /// Codes [P, Cm] of pointers that are `times` (distance / longest distance) away.
  func pointerPositions(times: [Float]) throws(Failure) -> Tensor {
    try run(.pointerPositions, Tensor(times, shape: Shape([times.count, 1])))[0]
  }

  /// Features [B, h, w, C] after attending to the memory.
  func attend(features: Tensor, to memory: AttendedMemory) throws(Failure) -> Tensor {
    if poolsMemories, memory.count > 1 { return try attendPooled(features, to: memory) }
    return try run(
      .attendMemory, features, memory.tokens, memory.positions, memory.pointers,
      memory.pointerPositions)[0]
  }

  /// The same, one object at a time, with pooled memories.
  private func attendPooled(
    _ features: Tensor, to memory: AttendedMemory
  ) throws(Failure) -> Tensor {
    let cells = Shape([memory.count] + memoryPositions.shape.dimensions.dropFirst())
    let positions = memory.positions.reshaped(cells)
    var results: [Tensor] = []
    for object in 0..<memory.tokens.shape[0] {
      results.append(
        try run(
          .attendPooledMemory, features, memory.tokens[object].reshaped(cells), positions,
          memory.pointers[object].asBatch, memory.pointerPositions)[0])
    }
    return Tensor(stacking: results.map { $0[0] })
  }

  /// Mask logits [1, S, S, 1] of low-resolution logits [S/4, S/4].
  func upscale(_ logits: Tensor) throws(Failure) -> Tensor {
    let map = logits.reshaped(Shape([1] + logits.shape.dimensions + [1]))
    return try run(.upscaleMasks, map)[0]
  }

  /// Memory [h * w, Cm] of an object on a frame whose mask logits are `mask` [1, S, S, 1].
  func encodeMemory(
    features: Tensor, mask: Tensor, isPresent: Bool
  ) throws(Failure) -> Tensor {
    let absent = Tensor([isPresent ? Float(0) : 1], shape: [1, 1])
    return try run(.encodeMemory, features, mask, absent)[0][0]
  }

  /// A given mask [1, S, S, 1] (ones inside) as a mask prompt and as logits, each [1, S/4, S/4, 1].
  func maskAsOutput(_ mask: Tensor) throws(Failure) -> (prompt: Tensor, logits: Tensor) {
    let results = try run(.maskAsOutput, mask)
    return (results[0], results[1])
  }
}
