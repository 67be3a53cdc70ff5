import SAM2Config

/// Decides which frames of one object are remembered, and which of them a frame looks back at.
///
/// A kind may keep state from frame to frame, for example the frames that it treats like annotated
/// ones, as the payload of its case. Every object has its own selection.
enum MemorySelection: Sendable, Equatable {
  /// Annotated frames and the most recent others, however good their masks are. No state.
  case mostRecent
  /// Annotated frames and the most recent others with good masks. No state besides its options.
  case reliable(ReliableMemories)
  /// Annotated frames, recent frames at intervals, and frames with look-alikes.
  case distractorAware(DistractorAwareMemories)

  /// The frames that `frame` looks back at.
  func plan(
    for frame: Int, history: FrameHistory, frameCount: Int, isReverse: Bool,
    configuration: ModelConfiguration
  ) -> MemoryPlan {
    let view = MemoryPlan.View(
      frame: frame, conditioning: history.conditioning, frameCount: frameCount,
      isReverse: isReverse, configuration: configuration)
    switch self {
    case .mostRecent:
      return MemoryPlan(view, hasRecent: { history.scores($0) != nil })
    case .reliable(let memories):
      let frames = memories.frames(before: frame, history: history, isReverse: isReverse)
      return MemoryPlan(
        view, hasRecent: { history.scores($0) != nil },
        recentFrame: { frames.count < $0 ? nil : frames[frames.count - $0] })
    case .distractorAware(let memories):
      return memories.plan(view)
    }
  }

  /// Records the mask that the object got on a tracked frame, and the alternatives to it.
  mutating func observe(_ mask: TrackedMask) {
    switch self {
    case .mostRecent, .reliable: break
    case .distractorAware(var memories):
      memories.observe(mask)
      self = .distractorAware(memories)
    }
  }

  /// A test of whether tracking onwards from `frame` can no longer attend to the result on a given
  /// frame.
  func outOfSight(
    from frame: Int, history: FrameHistory, isReverse: Bool, configuration: ModelConfiguration
  ) -> (Int) -> Bool {
    let isFar = { (other: Int, reach: Int) in
      isReverse ? other > frame + reach : other < frame - reach
    }
    switch self {
    case .mostRecent:
      let horizon = MemoryPlan.horizon(configuration)
      return { isFar($0, horizon) }
    case .reliable(let memories):
      // As seen from the next frame, so that this one counts too.
      let next = isReverse ? frame - 1 : frame + 1
      let kept = Set(memories.frames(before: next, history: history, isReverse: isReverse))
      let reach = configuration.pointers.maxObjPtrsInEncoder
      return { isFar($0, reach) && !kept.contains($0) }
    case .distractorAware(let memories):
      let kept = memories.frames.union([frame])
      return { isFar($0, 0) && !kept.contains($0) }
    }
  }
}

/// The results of one object as a memory selection sees them: which frames have one, and their
/// scores.
struct FrameHistory {
  /// Annotated frames, in the order in which they were added.
  let conditioning: [Int]
  /// The other frames with a result, in the order in which they were added.
  let recent: [Int]
  /// Scores of the result on one of the other frames; nil when there is none.
  let scores: (Int) -> FrameScores?
}

/// The model's own scores for one result.
struct FrameScores: Sendable, Hashable {
  /// Predicted IoU of the mask; nil in results from a saved state that did not record it.
  var predictedIoU: Float?
  /// Logit of the object being present.
  var objectScore: Float
  /// How well the mask fits the object's motion, 0...1; nil when motion was not taken into account.
  var motionScore: Float?
}
