import SAM2Config

/// How objects are followed from frame to frame: a choice of policies applied to one model's
/// answers.
public enum Tracker: String, Sendable, Hashable, CaseIterable {
  /// As the reference does it: the mask with the highest predicted IoU, and the most recent frames.
  case sam2
  /// SAMURAI: masks that fit the object's motion, and recent frames with good masks (Yang et al.,
  /// "SAMURAI: Adapting Segment Anything Model for Zero-Shot Visual Tracking with Motion-Aware
  /// Memory", 2024).
  case samurai
  /// DAM4SAM: a memory for recent appearances and one for frames on which the model saw a
  /// look-alike (Videnovic et al., "A Distractor-Aware Memory for Visual Object Tracking with
  /// SAM2", 2025), in its form for several objects.
  case dam4sam
}

/// The policies that follow one object, with what each has learned about it.
struct TrackingPolicies: Sendable, Equatable {
  var masks: MaskSelection
  var memories: MemorySelection

  /// The policies that `options` select, for an object about which nothing is known yet.
  init(_ options: VideoOptions, _ configuration: ModelConfiguration) {
    switch options.tracker {
    case .sam2:
      (masks, memories) = (.predictedIoU, .mostRecent)
    case .samurai:
      masks = .motion(MotionSelection(options.samurai, configuration))
      memories = .reliable(ReliableMemories(options.samurai, configuration))
    case .dam4sam:
      masks = .predictedIoU
      memories = .distractorAware(DistractorAwareMemories(options.dam4sam, configuration))
    }
  }

  init(masks: MaskSelection, memories: MemorySelection) {
    (self.masks, self.memories) = (masks, memories)
  }
}
