import Bytes
import JSON
import Media
import SampleScene
import Tensors
import TestSupport
import Testing

@testable import SAM2

/// The trackers against what their authors' code did with the same weights on the same clip:
/// `Scripts/parity_trackers.py --fixture`.
@Suite struct TrackerParityTests {
  /// Of a logit and of the object score, absolute below 1 and relative above: the memory carries the
  /// differences of all frames before.
  static let tolerance: Float = 5e-3

  #if DEBUG
  static let frames = 8
  #else
  static let frames = 60
  #endif

  /// One object of the fixture.
  struct Trace {
    let identifier: Int
    let box: Prompt.Box
    let memories: [[Int]]
    let scores: [Float]
    let logits: [[Float]]
  }

  static func traces(_ tracker: Tracker) throws -> (probes: [(y: Int, x: Int)], [Trace]) {
    let path = fixturePath("trackers.json")
    let fixture = try JSONValue(parsing: fileBytes(path) ?? [])
    let probes = try fixture.requiredArray("probes").map { pair in
      (pair.array?[0].int ?? 0, pair.array?[1].int ?? 0)
    }
    let objects = try fixture.required("trackers").required(tracker.rawValue)
    return (
      probes,
      try ["1", "2"].map { name in
        let object = try objects.required(name)
        let box = try object.requiredArray("box").map { Float($0.double ?? 0) }
        func floats(_ value: JSONValue) -> [Float] {
          value.array?.map { Float($0.double ?? .nan) } ?? []
        }
        return Trace(
          identifier: Int(name) ?? 0,
          box: Prompt.Box(x0: box[0], y0: box[1], x1: box[2], y1: box[3]),
          memories: try object.requiredArray("memories").map { $0.array?.compactMap(\.int) ?? [] },
          scores: floats(try object.required("scores")),
          logits: try object.requiredArray("logits").map(floats))
      }
    )
  }

  /// Drawn once for all tests.
  static let clip = Result { () throws -> FrameList in
    try withTemporaryFolder { folder in
      try SampleScene(seed: 1).write(to: folder + "/clip", frameCount: 60)
      var source = try FrameSource(path: folder + "/clip/frames")
      return FrameList(try (0..<60).map { try source.frame(at: $0) })
    }
  }

  @Test(arguments: [Tracker.samurai, .dam4sam]) func followsTheAuthorsCode(tracker: Tracker) throws
  {
    let (probes, traces) = try Self.traces(tracker)
    var options = VideoOptions()
    options.tracker = tracker
    options.fillHoleArea = 0
    let video = try VideoPredictor(
      Nano.model.get(), frames: Self.clip.get(), options: options)
    for trace in traces { try video.addPoints(frame: 0, object: trace.identifier, box: trace.box) }
    try video.settleAnnotations()
    for frame in 1..<Self.frames {
      for (object, trace) in zip(video.objects, traces) {
        let plan = object.policies.memories.plan(
          for: frame, history: object.history, frameCount: 60, isReverse: false,
          configuration: video.tracker.configuration)
        let looked = plan.memories.filter { $0.source == .recent }.map(\.frame)
        #expect(looked == trace.memories[frame - 1], "object \(object.id), frame \(frame)")
      }
      let result = try video.trackFrame(frame, isReverse: false)
      for (object, trace) in zip(result.objects, traces) {
        let logits = object.lowResolutionLogits
        let side = logits.shape[-1]
        let values = logits.floats()
        let pairs = zip(
          probes.map { values[$0.y * side + $0.x] } + [object.objectScore ?? .nan],
          trace.logits[frame - 1] + [trace.scores[frame - 1]])
        #expect(
          pairs.allSatisfy { abs($0 - $1) <= Self.tolerance * max(1, abs($1)) },
          "object \(object.id), frame \(frame)")
      }
    }
  }
}
