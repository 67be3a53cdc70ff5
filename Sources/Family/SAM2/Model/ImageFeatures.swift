import Tensors

/// The encoder's output for one picture, shared by every prompt and object.
struct ImageFeatures: Sendable {
  /// [1, h, w, C]: raw features, for memory attention and the memory encoder.
  let features: Tensor
  /// [1, h, w, C]: features plus the "no memory" embedding, for pictures and first frames.
  let embedding: Tensor
  /// [1, 4h, 4w, C / 8] and [1, 2h, 2w, C / 4]: the finest and the middle level, projected for the
  /// decoder; empty for a trunk with a single map.
  let finerMaps: [Tensor]

  /// All of them, in the order of `encode_image`.
  var tensors: [Tensor] { [features, embedding] + finerMaps }

  /// - Precondition: `tensors` are those of another `ImageFeatures`.
  init(_ tensors: [Tensor]) {
    (features, embedding, finerMaps) = (tensors[0], tensors[1], Array(tensors.dropFirst(2)))
  }

  /// Channels of the features: C.
  var width: Int { features.shape[3] }
}

/// The decoder's image side, as it is before the first prompt; I is 1 or the number of prompts.
struct DecoderImage: Sendable {
  /// [I, h * w, C]: features plus dense prompt.
  let cells: Tensor
  /// [I, h * w, C / 2] each: the first layer's projections of `cells`.
  let keys: Tensor
  let values: Tensor
  let queries: Tensor
}

/// The mask decoder's output for B prompts: all four masks, before any choice.
struct DecodedMasks: Sendable {
  /// [B, 4, S/4, S/4] logits; mask 0 is the single-mask output, 1...3 the multimask output.
  let masks: Tensor
  /// [B, 4]: predicted IoU of each mask.
  let predictedIoUs: Tensor
  /// [B, 4, C]: output tokens of the masks.
  let tokens: Tensor
  /// [B, 1]: logit of the object being present at all.
  let objectScores: Tensor
  /// [B, S/4, S/4]: logits of the HQ token; nil for a decoder without one.
  var refinement: Tensor?

  /// Logits [S/4, S/4] of mask `mask` of prompt `row`, as shown.
  ///
  /// Masks are chosen by their logits in `masks`, before the refinement.
  func logits(_ row: Int, _ mask: Int, _ use: MaskRefinement = .added) -> Tensor {
    use.applied(refinement?[row], to: masks[row][mask])
  }
}
