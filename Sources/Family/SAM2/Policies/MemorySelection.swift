import SAM2Config

/// Decides which frames of one object are remembered, and which of them a frame looks back at.
///
/// A kind may keep state from frame to frame, for example the frames that it treats like annotated
/// ones: it is the payload of its case. Every object has a selection of its own.
enum MemorySelection: Sendable, Equatable {
  /// Annotated frames and the most recent others, however good their masks are. No state.
  case mostRecent

  /// The frames that `frame` looks back at.
  func plan(
    for frame: Int, history: FrameHistory, frameCount: Int, isReverse: Bool,
    configuration: ModelConfiguration
  ) -> MemoryPlan {
    switch self {
    case .mostRecent:
      MemoryPlan(
        frame: frame, conditioning: history.conditioning,
        hasRecent: { history.recent($0) != nil }, frameCount: frameCount, isReverse: isReverse,
        configuration: configuration)
    }
  }

  /// Takes note of the mask that the object got on a tracked frame, and of its alternatives.
  mutating func observe(_ selected: SelectedMask, on frame: Int) {
    switch self {
    case .mostRecent: break
    }
  }

  /// Whether tracking onwards from `frame` cannot look back at a result on `other` any more.
  func isOutOfSight(
    _ other: Int, from frame: Int, isReverse: Bool, configuration: ModelConfiguration
  ) -> Bool {
    switch self {
    case .mostRecent:
      let horizon = MemoryPlan.horizon(configuration)
      return isReverse ? other > frame + horizon : other < frame - horizon
    }
  }
}

/// The results of one object as a memory selection sees them: which there are, and their scores.
struct FrameHistory {
  /// Annotated frames, in the order in which they were added.
  let conditioning: [Int]
  /// Scores of the result on any other frame; nil when there is none.
  let recent: (Int) -> FrameScores?
}

/// The model's own opinion of one result.
struct FrameScores: Sendable, Hashable {
  /// Predicted IoU of the mask; nil in results of a state that did not record it.
  var predictedIoU: Float?
  /// Logit of the object being there.
  var objectScore: Float
}
