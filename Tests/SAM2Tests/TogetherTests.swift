import Bytes
import Media
import Tensors
import TestSupport
import Testing

@testable import SAM2

/// Objects that go through the model together get the masks that they get alone.
@Suite struct TogetherTests {
  /// Relative L2 of mask logits; products sum in the same order, so it is zero as a rule.
  static let tolerance = 1e-6

  /// Object, annotated frame and click, in shares of the picture.
  private static let clicks: [(object: Int, frame: Int, x: Float, y: Float)] = [
    (1, 0, 0.25, 0.6), (2, 0, 0.4, 0.4), (3, 0, 0.7, 0.3), (4, 0, 0.6, 0.7), (5, 0, 0.5, 0.5),
  ]

  /// Logits of each object on the first frames.
  private func track(_ objects: Set<Int>) throws -> [Int: [Tensor]] {
    let frames = try FrameSource(path: Nano.path("clip"))
    let video = try VideoPredictor(try Nano.model.get(), frames: frames)
    for click in Self.clicks where objects.contains(click.object) {
      let point = Prompt.Point(
        x: click.x * Float(video.width), y: click.y * Float(video.height))
      try video.addPoints(frame: click.frame, object: click.object, points: [point])
    }
    var propagation = try video.propagation(start: 0, maxFrames: 4)
    var logits: [Int: [Tensor]] = [:]
    while let result = try propagation.next() {
      for object in result.objects where result.frame > 0 {
        logits[object.id, default: []].append(object.lowResolutionLogits)
      }
    }
    return logits
  }

  @Test func masksAreThoseOfOneAtATime() throws {
    // More objects than one call takes.
    let ids = Self.clicks.map(\.object)
    let together = try track(Set(ids))
    for id in ids {
      let alone = try track([id])
      let (a, b) = try (#require(together[id]), #require(alone[id]))
      #expect(a.count == b.count)
      for (frame, pair) in zip(a, b).enumerated() {
        let closeness = Closeness(pair.0.floats(), to: pair.1.floats())
        #expect(closeness.relativeL2 <= Self.tolerance, "object \(id), frame \(frame)")
      }
    }
  }

  @Test func layoutsThatDifferAreKeptApart() throws {
    func memory(_ frames: [Int], _ object: Int) throws -> ObjectMemory {
      var state = TrackedObject(
        id: object, policies: .plain)
      for frame in frames {
        state.conditioning[frame] = FrameOutput(
          memory: Tensor([Float(frame)], shape: [1, 1]),
          logits: Tensor([0 as Float], shape: [1, 1]),
          pointer: Tensor([Float(object)], shape: [1, 1]),
          scores: FrameScores(predictedIoU: 1, objectScore: 1))
      }
      let plan = MemoryPlan(
        MemoryPlan.View(
          frame: 5, conditioning: frames, frameCount: 8, isReverse: false,
          configuration: .small), hasRecent: { _ in false })
      return try ObjectMemory(plan, of: state)
    }
    let memories = try [
      memory([0], 1), memory([0, 1], 2), memory([0], 3), memory([0], 4), memory([0, 1], 5),
    ]
    #expect(memories.groups(limit: 2) == [[0, 2], [1, 4], [3]])
    #expect(memories.groups(limit: 9) == [[0, 2, 3], [1, 4]])
  }
}
