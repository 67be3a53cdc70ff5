import SAM2Config

/// Remembers recent frames whose masks are supported by the model's scores and the object's motion.
///
/// This is SAMURAI's `_prepare_memory_conditioned_features`; as there, frames 0 and 1 are never
/// among them.
struct ReliableMemories: Sendable, Equatable {
  let options: SAMURAIOptions
  /// Maximum number of frames to find.
  private let limit: Int

  init(_ options: SAMURAIOptions, _ configuration: ModelConfiguration) {
    self.options = options
    limit = configuration.pointers.maxObjPtrsInEncoder - 1
  }

  /// Good frames before `frame`, oldest first, and in any case the one directly before it.
  ///
  /// When tracking backwards in time, the frames after it, in mirrored order.
  func frames(before frame: Int, history: FrameHistory, isReverse: Bool) -> [Int] {
    var found: [Int] = []
    let earlier = history.recent.filter { isReverse ? $0 > frame : $0 < frame && $0 > 1 }.sorted()
    for other in isReverse ? earlier : earlier.reversed() {
      guard found.count < limit else { break }
      if let scores = history.scores(other), isReliable(scores) { found.append(other) }
    }
    found.reverse()
    let previous = isReverse ? frame + 1 : frame - 1
    return found.contains(previous) ? found : found + [previous]
  }

  private func isReliable(_ scores: FrameScores) -> Bool {
    scores.predictedIoU.map { $0 > options.memoryIoU } ?? true
      && scores.objectScore > options.memoryObjectScore
      && scores.motionScore.map { $0 > options.memoryMotionScore } ?? true
  }
}
