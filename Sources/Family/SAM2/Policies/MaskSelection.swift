import SAM2Config

/// Chooses among the decoder's masks for one object, and decides whether the object is there.
///
/// A kind may keep state from frame to frame, for example a filter of the object's motion, as the
/// payload of its case. Every object has its own selection.
enum MaskSelection: Sendable, Equatable {
  /// The candidate with the highest predicted IoU; a single mask is chosen by stability. No state.
  case predictedIoU
  /// The candidate that also fits the object's motion.
  case motion(MotionSelection)

  /// The mask that the object gets on this frame.
  mutating func select(_ candidates: MaskCandidates, rule: StabilityRule?) -> SelectedMask {
    guard candidates.isMultimask else {
      let index = MaskChoice.single(
        mask0: candidates.masks[0].floats(), predictedIoUs: candidates.predictedIoUs, rule: rule)
      return SelectedMask(candidates: candidates, index: index)
    }
    switch self {
    case .predictedIoU:
      return SelectedMask(
        candidates: candidates, index: MaskChoice.best(predictedIoUs: candidates.predictedIoUs))
    case .motion(var motion):
      let selected = motion.select(candidates)
      self = .motion(motion)
      return selected
    }
  }

  /// An object with a higher score counts as present: its mask is shown, and its pointer is its
  /// own.
  var presenceThreshold: Float {
    switch self {
    case .predictedIoU: 0
    case .motion(let motion): motion.options.objectScore
    }
  }
}
