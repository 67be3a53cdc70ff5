/// Chooses among the decoder's masks for one object, and decides whether the object is there.
///
/// A kind may keep state from frame to frame, for example a filter of the object's motion: it is the
/// payload of its case. Every object has a selection of its own.
enum MaskSelection: Sendable, Equatable {
  /// The candidate with the highest predicted IoU; the single mask by its stability. No state.
  case predictedIoU

  /// The mask that the object gets on this frame.
  mutating func select(_ candidates: MaskCandidates, rule: StabilityRule?) -> SelectedMask {
    switch self {
    case .predictedIoU:
      let index =
        candidates.isMultimask
        ? MaskChoice.best(predictedIoUs: candidates.predictedIoUs)
        : MaskChoice.single(
          mask0: candidates.masks[0].floats(), predictedIoUs: candidates.predictedIoUs, rule: rule)
      return SelectedMask(candidates: candidates, index: index)
    }
  }

  /// An object with a higher score is there: its mask is shown and its pointer is its own.
  var presenceThreshold: Float {
    switch self {
    case .predictedIoU: 0
    }
  }
}
