import Bytes
import ModelInterface
import Tensors

/// The model's named graphs as typed calls.
///
/// All control flow lives above, all arithmetic below.
struct Stages: Sendable {
  let graphs: any GraphRunning
  /// Memory for operands, which come and go with each frame.
  let pool: StoragePool
  /// [1, h, w, C]: dense embedding that stands for "no mask prompt"; empty without a decoder.
  let noMaskDense: Tensor
  /// [memory frames, h * w, Cm]: position codes of a memory, row r including temporal code r; empty
  /// without memory.
  let memoryPositions: Tensor

  /// Runs the `constants` graph once, for what `parts` need of it.
  init(_ graphs: any GraphRunning, parts: ModelParts, pool: StoragePool) throws(Failure) {
    (self.graphs, self.pool) = (graphs, pool)
    let names =
      (parts.allows(.prompting) ? ["no_mask_dense"] : [])
      + (parts.allows(.tracking) ? ["memory_positions"] : [])
    let constants = names.isEmpty ? [] : try graphs.run("constants", [:], giving: names)
    let nothing = Tensor([Float](), shape: [0])
    noMaskDense = constants.first ?? nothing
    memoryPositions = constants.count > 1 ? constants[1] : nothing
  }

  /// Features of a picture [1, S, S, 3], normalised RGB.
  func encodeImage(_ pixels: Tensor) throws(Failure) -> ImageFeatures {
    let results = try graphs.run(
      "encode_image", ["image": pixels],
      giving: ["features", "image_embedding", "high_res_0", "high_res_1"])
    return ImageFeatures(
      features: results[0], embedding: results[1], highRes0: results[2], highRes1: results[3])
  }

  /// Sparse embeddings [B, N, C] of B prompts with N points each, padding included.
  func encodePoints(_ prompts: [[ModelPoint]], width: Int) throws(Failure) -> Tensor {
    let pointCount = prompts.first?.count ?? 0
    precondition(prompts.allSatisfy { $0.count == pointCount })
    guard pointCount > 0 else {
      return Tensor([Float](), shape: Shape([prompts.count, 0, width]))
    }
    let points = prompts.flatMap { $0.flatMap { [$0.x, $0.y] } }
    let indices = prompts.flatMap { $0.map { $0.label + 1 } }
    return try graphs.run(
      "encode_prompts",
      [
        "points": Tensor(points, shape: Shape([prompts.count, pointCount, 2])),
        "label_indices": Tensor(indices, shape: Shape([prompts.count, pointCount])),
      ], giving: ["sparse"])[0]
  }

  /// Dense embeddings [B, h, w, C] of mask prompts [B, S/4, S/4, 1].
  func encodeMaskPrompt(_ logits: Tensor) throws(Failure) -> Tensor {
    try graphs.run("encode_mask_prompt", ["mask": logits], giving: ["dense"])[0]
  }

  /// The decoder's work on `features` [1 or B, h, w, C] and `dense` [1 or B, h, w, C] that needs no
  /// clicks; without `dense` there is no mask prompt.
  func prepareDecoder(
    features: Tensor, dense: Tensor? = nil
  ) throws(Failure) -> DecoderImage {
    let dense = dense ?? noMaskDense
    let features =
      dense.shape[0] > features.shape[0]
      ? features.repeated(dense.shape[0]) : features
    let results = try graphs.run(
      "prepare_decoder", ["features": features, "dense": dense],
      giving: ["image", "image_keys", "image_values", "image_queries"])
    return DecoderImage(
      cells: results[0], keys: results[1], values: results[2], queries: results[3])
  }

  /// Masks for B prompts with `sparse` embeddings [B, N, C] on 1 or B prepared images.
  func decode(
    _ prepared: DecoderImage, image: ImageFeatures, sparse: Tensor
  ) throws(Failure) -> DecodedMasks {
    let results = try graphs.run(
      "decode_masks",
      [
        "image": prepared.cells, "image_keys": prepared.keys, "image_values": prepared.values,
        "image_queries": prepared.queries, "high_res_0": image.highRes0,
        "high_res_1": image.highRes1, "sparse": sparse,
      ], giving: ["masks", "ious", "tokens", "object_scores"])
    return DecodedMasks(
      masks: results[0], predictedIoUs: results[1], tokens: results[2], objectScores: results[3])
  }

  /// Object pointer [1, C] of a mask token [1, C]; `present` is 1, 0, or a share between.
  func pointer(token: Tensor, present: Float) throws(Failure) -> Tensor {
    try graphs.run(
      "project_pointer", ["token": token, "present": Tensor([present], shape: [1, 1])],
      giving: ["pointer"])[0]
  }

  /// Codes [P, Cm] of pointers that are `times` (distance / longest distance) away.
  func pointerPositions(times: [Float]) throws(Failure) -> Tensor {
    try graphs.run(
      "pointer_positions", ["times": Tensor(times, shape: Shape([times.count, 1]))],
      giving: ["positions"])[0]
  }

  /// Features [B, h, w, C] that have looked at the memory.
  func attend(features: Tensor, to memory: AttendedMemory) throws(Failure) -> Tensor {
    try graphs.run(
      "attend_memory",
      [
        "features": features, "memory": memory.tokens, "memory_position": memory.positions,
        "pointers": memory.pointers, "pointer_positions": memory.pointerPositions,
      ], giving: ["features"])[0]
  }

  /// Mask logits [1, S, S, 1] of low-resolution logits [S/4, S/4].
  func upscale(_ logits: Tensor) throws(Failure) -> Tensor {
    let map = logits.reshaped(Shape([1] + logits.shape.dimensions + [1]))
    return try graphs.run("upscale_masks", ["masks": map], giving: ["masks"])[0]
  }

  /// Memory [h * w, Cm] of an object on a frame whose mask logits are `mask` [1, S, S, 1].
  func encodeMemory(
    features: Tensor, mask: Tensor, isPresent: Bool
  ) throws(Failure) -> Tensor {
    try graphs.run(
      "encode_memory",
      [
        "features": features, "masks": mask,
        "absent": Tensor([isPresent ? Float(0) : 1], shape: [1, 1]),
      ], giving: ["memory"])[0][0]
  }

  /// A given mask [1, S, S, 1] (ones inside) as a mask prompt and as logits, each [1, S/4, S/4, 1].
  func maskAsOutput(_ mask: Tensor) throws(Failure) -> (prompt: Tensor, logits: Tensor) {
    let results = try graphs.run(
      "mask_as_output", ["mask": mask], giving: ["mask_prompt", "low_res_logits"])
    return (results[0], results[1])
  }
}
