/// Everything known about one object of a video: inputs, results, and results that are not final.
struct TrackedObject: Sendable {
  let id: Int
  /// Clicks by frame, in model pixels.
  var points: [Int: [ModelPoint]] = [:]
  /// Frames on which a mask was given.
  var maskFrames: Set<Int> = []

  /// Results on frames that were annotated before they were tracked.
  var conditioning = FrameTable<FrameOutput>()
  /// Results on all other frames.
  var recent = FrameTable<FrameOutput>()
  /// Like the two above, for annotations made since the last propagation: not part of the memory
  /// yet.
  var pendingConditioning = FrameTable<FrameOutput>()
  var pendingRecent = FrameTable<FrameOutput>()

  /// Frames that a propagation has visited, and whether it ran backwards.
  var tracked: [Int: Bool] = [:]

  /// Policies for its masks and for the frames it remembers, with what they have learned about it.
  var policies: TrackingPolicies

  init(id: Int, policies: TrackingPolicies) {
    self.id = id
    self.policies = policies
  }

  /// The results that later frames may look back at.
  var history: FrameHistory {
    FrameHistory(
      conditioning: conditioning.frames, recent: recent.frames,
      scores: { [recent] in recent[$0]?.scores })
  }

  /// Frames with clicks or a mask, ascending.
  var annotatedFrames: [Int] { maskFrames.union(points.keys).sorted() }

  /// The newest result on `frame`: of pending results, only those of the kind asked for count.
  func latest(_ frame: Int, pendingConditioning isConditioning: Bool) -> FrameOutput? {
    (isConditioning ? pendingConditioning[frame] : pendingRecent[frame])
      ?? conditioning[frame] ?? recent[frame]
  }

  /// The result on `frame` that an entry of the memory plan refers to.
  func output(_ source: MemoryPlan.Source, _ frame: Int) -> FrameOutput? {
    switch source {
    case .conditioning: conditioning[frame]
    case .recent: recent[frame] ?? conditioning[frame]
    }
  }

  /// Removes the annotations on `frame`; a result there is kept, as that of a tracked frame.
  mutating func clearAnnotations(on frame: Int) {
    points[frame] = nil
    maskFrames.remove(frame)
    pendingConditioning[frame] = nil
    pendingRecent[frame] = nil
    if let output = conditioning[frame] {
      conditioning[frame] = nil
      recent[frame] = output
      tracked[frame] = nil
    }
  }
}
