public import Bytes

extension VideoPredictor {
  /// Prepares to track all objects from frame to frame; the returned value does the tracking.
  ///
  /// - Parameters:
  ///   - start: first frame; by default the first annotated one
  ///   - maxFrames: number of frames after the first; by default, up to the end of the video
  ///   - reverse: tracks backwards in time; from frame 0 there is nothing to track
  ///   - keepsHistory: false promises that tracked frames will not be corrected or tracked through
  ///     again, and bounds memory however long the video is
  /// - Returns: the tracking to be done; call its `next` until it returns nil.
  /// - Throws: `track.nothing` without annotations, `track.no_conditioning` for an object without
  ///   any, `track.frame`, `track.max_frames`.
  public func propagation(
    start: Int? = nil, maxFrames: Int? = nil, reverse: Bool = false, keepsHistory: Bool = true
  ) throws(Failure) -> Propagation {
    if let start { try checkFrame(start) }
    if let maxFrames, maxFrames < 0 {
      throw Failure(
        .usage, code: "track.max_frames", "the number of frames must not be negative: \(maxFrames)")
    }
    try settleAnnotations()
    let first = start ?? objects.flatMap(\.conditioning.frames).min() ?? 0
    let count = min(maxFrames ?? frameCount, frameCount)
    let frames =
      if !reverse {
        Array(first...min(first + count, frameCount - 1))
      } else if first > 0 {
        Array((max(first - count, 0)...first).reversed())
      } else {
        [Int]()
      }
    return Propagation(self, frames: frames, isReverse: reverse, keepsHistory: keepsHistory)
  }

  /// Tracks all objects and hands each frame's masks to `body`, until it returns false.
  ///
  /// Arguments as in `propagation`. Checks for task cancellation before each frame.
  /// - Throws: as `propagation` and `Propagation.next`, what `body` throws, `CancellationError`.
  public func propagate(
    start: Int? = nil, maxFrames: Int? = nil, reverse: Bool = false, keepsHistory: Bool = true,
    body: (FrameResult, Propagation.Progress) throws -> Bool
  ) throws {
    var propagation = try propagation(
      start: start, maxFrames: maxFrames, reverse: reverse, keepsHistory: keepsHistory)
    while true {
      try Task.checkCancellation()
      guard let result = try propagation.next(), try body(result, propagation.progress) else {
        return
      }
    }
  }

  /// Encodes the memory of annotations made since the last propagation and files them with the
  /// results: `propagate_in_video_preflight` of the reference.
  func settleAnnotations() throws(Failure) {
    guard !objects.isEmpty else {
      throw Failure(
        .usage, code: "track.nothing", "no object is annotated",
        hint: "add points, a box or a mask first")
    }
    for index in objects.indices {
      for isConditioning in [false, true] {
        let pending =
          isConditioning ? objects[index].pendingConditioning : objects[index].pendingRecent
        for frame in pending.frames {
          guard var output = pending[frame] else { continue }
          let image = try features.features(of: frame)
          output.memory = try tracker.encodeMemory(
            of: output, image: image, isAnnotated: true)
          file(output, of: frame, object: index, isConditioning: isConditioning)
        }
      }
      let conditioning = objects[index].conditioning
      guard !conditioning.isEmpty else {
        throw Failure(
          .usage, code: "track.no_conditioning",
          "object \(objects[index].id) has no annotated frame",
          hint: "add points, a box or a mask, or remove the object")
      }
      objects[index].recent.remove { conditioning.contains($0) }
    }
  }

  private func file(_ output: FrameOutput, of frame: Int, object index: Int, isConditioning: Bool) {
    if isConditioning {
      objects[index].conditioning[frame] = output
      objects[index].pendingConditioning[frame] = nil
    } else {
      objects[index].recent[frame] = output
      objects[index].pendingRecent[frame] = nil
    }
    if options.clearsMemoryAroundInput { clearMemory(around: frame, object: index) }
  }

  /// Tracks every object onto `frame`; `next` is the frame that comes after it, if any.
  func trackFrame(
    _ frame: Int, isReverse: Bool, before next: Int? = nil
  ) throws(Failure) -> FrameResult {
    let annotated = objects.indices.filter { objects[$0].conditioning.contains(frame) }
    let followed = objects.indices.filter { !objects[$0].conditioning.contains(frame) }
    // Annotated objects keep the user's annotation.
    if options.clearsMemoryAroundInput {
      for index in annotated { clearMemory(around: frame, object: index) }
    }
    if !followed.isEmpty {
      let answers = try tracker.follow(
        followed.map { objects[$0] }, onto: frame, isReverse: isReverse,
        image: features.features(of: frame, readingNext: next))
      for (index, answer) in zip(followed, answers) {
        objects[index].recent[frame] = answer.output
        objects[index].policies = answer.policies
      }
    }
    for index in objects.indices { objects[index].tracked[frame] = isReverse }
    let outputs = objects.map { ($0.id, $0.conditioning[frame] ?? $0.recent[frame]) }
    return result(on: frame, outputs: outputs)
  }

  /// Drops the prompts given on frames before `frame`, which will not be annotated again; the
  /// results stay.
  func forgetPrompts(before frame: Int) {
    for index in objects.indices {
      objects[index].points = objects[index].points.filter { $0.key >= frame }
      objects[index].maskFrames = objects[index].maskFrames.filter { $0 >= frame }
    }
  }

  /// Drops results that tracking onwards from `frame` can no longer look at.
  func forgetHistory(before frame: Int, isReverse: Bool) {
    for index in objects.indices {
      let isOutOfSight = objects[index].policies.memories.outOfSight(
        from: frame, history: objects[index].history, isReverse: isReverse,
        configuration: tracker.configuration)
      objects[index].recent.remove(where: isOutOfSight)
      // Which frames were visited matters only to corrections, and those frames get none.
      objects[index].tracked = objects[index].tracked.filter { !isOutOfSight($0.key) }
    }
  }
}
