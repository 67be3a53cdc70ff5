import Bytes
import Media
import Tensors
import TestSupport
import Testing

@testable import SAM2

/// The state that trackers keep of an object survives saving a job, and stays small.
@Suite struct TrackerStateTests {
  #if DEBUG
  static let frames = 6
  #else
  static let frames = 24
  #endif

  private func predictor(_ tracker: Tracker, _ clip: FrameList) throws -> VideoPredictor {
    var options = VideoOptions()
    options.tracker = tracker
    // Few frames here: motion counts early, and look-alikes are seen early.
    options.samurai.stableFrames = 3
    options.dam4sam.minimumIoU = 0.2
    options.dam4sam.distractorIoU = 0.95
    return try VideoPredictor(try Nano.model.get(), frames: clip, options: options)
  }

  private func annotate(_ video: VideoPredictor) throws {
    try video.addPoints(frame: 0, object: 1, points: [.init(x: 96, y: 85)])
    try video.addPoints(frame: 0, object: 2, points: [.init(x: 240, y: 137)])
  }

  private func logits(_ result: FrameResult?) -> [[Float]] {
    result?.objects.map { $0.lowResolutionLogits.floats() } ?? []
  }

  @Test(arguments: Tracker.allCases) func aResumedJobContinuesAsIfNothingHadHappened(
    tracker: Tracker
  ) throws {
    let clip = try TrackerParityTests.clip.get()
    let whole = try predictor(tracker, clip)
    try annotate(whole)
    var uninterrupted = try whole.propagation(maxFrames: Self.frames)
    var expected: [[[Float]]] = []
    while let result = try uninterrupted.next() { expected.append(logits(result)) }

    try withTemporaryFolder { folder in
      let first = try predictor(tracker, clip)
      try annotate(first)
      var propagation = try first.propagation(maxFrames: Self.frames)
      for index in 0...(Self.frames / 2) {
        #expect(logits(try propagation.next()) == expected[index])
      }
      let path = folder + "/state"
      try first.saveState(to: path, propagation: propagation)
      let second = try predictor(tracker, clip)
      var rest = try #require(try second.restoreState(from: path))
      #expect(second.objects.map(\.policies) == first.objects.map(\.policies))
      for index in (Self.frames / 2 + 1)..<expected.count {
        #expect(logits(try rest.next()) == expected[index], "frame \(index)")
      }
      for other in Tracker.allCases where other != tracker {
        #expect(throws: failure("state.options")) {
          _ = try predictor(other, clip).restoreState(from: path)
        }
      }
    }
  }

  @Test(arguments: Tracker.allCases) func aStreamIsTrackedAsAVideoInBoundedMemory(
    tracker: Tracker
  ) throws {
    let clip = try TrackerParityTests.clip.get()
    let video = try predictor(tracker, clip)
    try annotate(video)
    var propagation = try video.propagation(maxFrames: Self.frames)
    _ = try propagation.next()
    let stream = try StreamingTracker(
      try Nano.model.get(), width: 320, height: 240, options: video.options)
    try stream.push(clip.frame(at: 0))
    try annotate(stream)
    for frame in 1...Self.frames {
      let pushed = try stream.push(clip.frame(at: frame))
      #expect(logits(pushed) == logits(try propagation.next()), "frame \(frame)")
      for object in stream.predictor.objects { #expect(object.recent.frames.count <= 40) }
    }
  }

  private func annotate(_ stream: StreamingTracker) throws {
    try stream.addPoints(object: 1, points: [.init(x: 96, y: 85)])
    try stream.addPoints(object: 2, points: [.init(x: 240, y: 137)])
  }

  @Test(arguments: Tracker.allCases) func tracksBackwardsAndAgain(tracker: Tracker) throws {
    let video = try predictor(tracker, try TrackerParityTests.clip.get())
    try video.addPoints(frame: 5, object: 1, points: [.init(x: 96, y: 85)])
    for (reverse, frames) in [(true, 5), (false, Self.frames), (false, 3)] {
      var propagation = try video.propagation(start: 5, maxFrames: frames, reverse: reverse)
      while let result = try propagation.next() {
        #expect(result.objects.allSatisfy { $0.objectScore != nil })
      }
    }
  }

  // MARK: - Saved bytes

  @Test func savedPoliciesAreCheckedByteForByte() throws {
    var options = VideoOptions()
    options.tracker = .samurai
    let configuration = try Nano.model.get().configuration
    var motion = TrackingPolicies(options, configuration).masks
    let zeros = [UInt8](repeating: 0, count: 8)
    let filter = [UInt8](repeating: 0, count: 72 * 8)
    try motion.restore(PolicyRecord(kind: 1, version: 1, bytes: zeros + [1] + filter))
    let infinite = [UInt8](repeating: 0, count: 6) + [0xF0, 0x7F]
    let damaged: [[UInt8]] = [
      [], zeros, zeros + [2], zeros + [1], zeros + [0, 0], zeros + [1] + filter + [0],
      [UInt8](repeating: 0xFF, count: 8) + [0], zeros + [1] + filter.dropLast(8) + infinite,
    ]
    for bytes in damaged {
      #expect(throws: failure("state.damaged")) {
        try motion.restore(PolicyRecord(kind: 1, version: 1, bytes: bytes))
      }
    }
    #expect(throws: failure("state.version")) {
      try motion.restore(PolicyRecord(kind: 1, version: 2, bytes: zeros + [0]))
    }
    options.tracker = .dam4sam
    var memories = TrackingPolicies(options, configuration).memories
    let empty = [UInt8](repeating: 0, count: 21)
    try memories.restore(PolicyRecord(kind: 2, version: 1, bytes: empty))
    let cut: [[UInt8]] = [[], [2] + empty.dropFirst(), empty + [0], [0, 0xFF, 0xFF, 0xFF, 0xFF]]
    for bytes in cut {
      #expect(throws: failure("state.damaged")) {
        try memories.restore(PolicyRecord(kind: 2, version: 1, bytes: bytes))
      }
    }
  }

  @Test func constantsAreHeldToTheirRanges() throws {
    var options = VideoOptions()
    for constant in TrackerConstant.allCases {
      #expect(throws: failure("config.value")) { try constant.set(-2e6, in: &options) }
      #expect(throws: failure("config.value")) { try constant.set(.nan, in: &options) }
      try constant.set(1, in: &options)
      #expect(constant.value(in: options) == 1)
    }
    #expect(throws: failure("config.value")) {
      try TrackerConstant.interval.set(2.5, in: &options)
    }
    var wrong = VideoOptions()
    wrong.dam4sam.interval = 0
    #expect(throws: failure("config.value")) { _ = try wrong.applied(to: .small) }
  }
}
