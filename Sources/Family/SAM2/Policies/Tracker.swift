/// How objects are followed from frame to frame: a choice of policies over one model's answers.
public enum Tracker: String, Sendable, Hashable, CaseIterable {
  /// As the reference does it: the mask with the highest predicted IoU, and the most recent frames.
  case sam2
}

/// The policies that follow one object, with what each has learned of it.
struct TrackingPolicies: Sendable, Equatable {
  var masks: MaskSelection
  var memories: MemorySelection

  /// The policies of `tracker` for an object of which nothing is known yet.
  init(_ tracker: Tracker) {
    switch tracker {
    case .sam2: (masks, memories) = (.predictedIoU, .mostRecent)
    }
  }

  init(masks: MaskSelection, memories: MemorySelection) {
    (self.masks, self.memories) = (masks, memories)
  }
}
