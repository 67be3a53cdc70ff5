import Bytes
import Media
import Tensors
import TestSupport
import Testing

@testable import SAM2

/// Memories of another shape than the feature map's, in everything that keeps them.
@Suite struct EdgeTAMTrackingTests {
  private static let click = Prompt.Point(x: 24, y: 26)

  private static func video(_ tracker: Tracker = .sam2) throws -> VideoPredictor {
    var options = VideoOptions()
    options.tracker = tracker
    return try VideoPredictor(
      SegmentationModel(EdgeTAMFixture.model.get()),
      frames: FrameSource(path: EdgeTAMFixture.path("clip")), options: options)
  }

  /// Mask logits of the first object on each frame that is left.
  private static func logits(_ propagation: inout Propagation) throws -> [[Float]] {
    var logits: [[Float]] = []
    while let result = try propagation.next() {
      logits.append(try #require(result.objects.first).lowResolutionLogits.floats())
    }
    return logits
  }

  @Test func aStoppedTrackResumesAsIfNothingHadHappened() throws {
    try withTemporaryFolder { folder in
      let whole = try Self.video()
      try whole.addPoints(frame: 0, object: 1, points: [Self.click])
      var all = try whole.propagation()
      let expected = try Self.logits(&all)

      let stopped = try Self.video()
      try stopped.addPoints(frame: 0, object: 1, points: [Self.click])
      var first = try stopped.propagation()
      for _ in 0..<3 { _ = try first.next() }
      try stopped.saveState(to: folder + "/state", propagation: first)
      let resumed = try Self.video()
      var rest = try #require(try resumed.restoreState(from: folder + "/state"))
      #expect(try Self.logits(&rest) == Array(expected.dropFirst(3)))
    }
  }

  @Test func aStreamTracksLikeAVideo() throws {
    let video = try Self.video()
    try video.addPoints(frame: 0, object: 1, points: [Self.click])
    var propagation = try video.propagation()
    let expected = try Self.logits(&propagation)
    var frames = try FrameSource(path: EdgeTAMFixture.path("clip"))
    let stream = try StreamingTracker(
      video.model, width: video.width, height: video.height)
    while let (index, picture) = try frames.nextWithIndex() {
      let result = try stream.push(picture)
      if index == 0 {
        try stream.addPoints(object: 1, points: [Self.click])
      } else {
        let found = try #require(result.objects.first).lowResolutionLogits.floats()
        #expect(found == expected[index], "frame \(index)")
      }
    }
  }

  /// Other trackers choose among the same memories.
  @Test(arguments: Tracker.allCases) func trackersFollowAnObject(tracker: Tracker) throws {
    let video = try Self.video(tracker)
    try video.addPoints(frame: 0, object: 1, points: [Self.click])
    var propagation = try video.propagation()
    let logits = try Self.logits(&propagation)
    #expect(logits.count == 7)
    #expect(logits.allSatisfy { $0.allSatisfy(\.isFinite) })
  }

  @Test func picturesAreCoveredWithMasks() throws {
    let picture = try ImageReader.read(EdgeTAMFixture.path("clip/000.png"))
    var options = AutomaticMaskOptions()
    options.pointsPerSide = 4
    options.predictedIoUThreshold = 0
    options.stabilityScoreThreshold = 0
    let generator = try AutomaticMaskGenerator(
      SegmentationModel(EdgeTAMFixture.model.get()), options: options)
    #expect(try !generator.generate(picture).isEmpty)
  }
}
