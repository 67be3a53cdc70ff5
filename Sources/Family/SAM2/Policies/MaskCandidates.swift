import Tensors

/// The decoder's masks for one object on one frame, before one of them is chosen.
struct MaskCandidates: Sendable {
  let frame: Int
  /// [4, S/4, S/4] logits; mask 0 is the single-mask output, 1...3 the multimask output.
  let masks: Tensor
  /// Predicted IoU of each mask.
  let predictedIoUs: [Float]
  /// Logit of the object being present.
  let objectScore: Float
  /// Whether the answer is one of masks 1...3 rather than the single mask.
  let isMultimask: Bool
  /// [S/4, S/4] logits that refine each mask; nil for a decoder without them.
  var refinement: Tensor?

  /// Logits [S/4, S/4] of a mask, as shown.
  func logits(_ index: Int) -> Tensor {
    MaskRefinement.added.applied(refinement, to: masks[index])
  }
}

/// The mask that was chosen among `candidates`.
struct SelectedMask: Sendable {
  let candidates: MaskCandidates
  let index: Int
  /// How well the mask fits the object's motion, 0...1; nil when motion was not taken into account.
  var motionScore: Float?

  var predictedIoU: Float { candidates.predictedIoUs[index] }

  /// The model's scores for the mask, which later frames may consult.
  var scores: FrameScores {
    FrameScores(
      predictedIoU: predictedIoU, objectScore: candidates.objectScore, motionScore: motionScore)
  }

  /// Logits [S/4, S/4]; a copy, because a view would keep all candidates in memory.
  func copyLogits() -> Tensor {
    let mask = candidates.logits(index)
    return Tensor(mask.floats(), shape: mask.shape)
  }
}

/// The result for one object on a tracked frame, as a memory selection observes it.
struct TrackedMask: Sendable {
  let selected: SelectedMask
  /// Logits [S/4, S/4] as shown: holes filled, -1024 for an absent object.
  let logits: Tensor
  let isReverse: Bool
  /// Size of the video.
  let width: Int
  let height: Int

  var frame: Int { selected.candidates.frame }
}
