import Bytes
import Media
import SAM2Config
import Tensors
import Testing

@testable import SAM2

@Suite struct VideoPredictorTests {
  /// Frame n of a clip is all n + 1.
  private static func clip(_ count: Int) -> FrameList {
    FrameList(
      (0..<count).map { frame in
        let level = UInt8(frame + 1)
        return RGBImage(width: 40, height: 20, filledWith: RGBColour(level, level, level))
      })
  }

  private func predictor(
    _ graphs: FakeGraphs, frames: Int = 12, options: VideoOptions = .init()
  ) throws -> VideoPredictor {
    let model = try SegmentationModel(graphs, configuration: graphs.configuration)
    return try VideoPredictor(model, frames: Self.clip(frames), options: options)
  }

  private func run(_ propagation: Propagation) throws -> [FrameResult] {
    var propagation = propagation
    var results: [FrameResult] = []
    while let result = try propagation.next() { results.append(result) }
    return results
  }

  private func code(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch {
      return (error as? Failure)?.code
    }
  }

  /// The value that the fakes derive from frame n.
  private func tag(_ frame: Int) -> Float { Float(frame + 1) / 255 }

  private func rounded(_ value: Float) -> Float {
    Float(bitPattern: UInt32(bfloat16Bits(value)) << 16)
  }

  private let click = [Prompt.Point(x: 10, y: 5)]

  @Test func framesAreVisitedInOrderAndOneMoreThanAsked() throws {
    let video = try predictor(FakeGraphs())
    try video.addPoints(frame: 4, object: 1, points: click)
    #expect(try video.propagation().frames == Array(4...11))
    #expect(try video.propagation(start: 2, maxFrames: 3).frames == [2, 3, 4, 5])
    #expect(try video.propagation(start: 5, maxFrames: 2, reverse: true).frames == [5, 4, 3])
    #expect(try video.propagation(start: 0, reverse: true).frames == [])
  }

  @Test func memoriesAreRoundedToBFloat16AndOrderedConditioningFirst() throws {
    let graphs = FakeGraphs()
    let video = try predictor(graphs)
    try video.addPoints(frame: 0, object: 1, points: click)
    _ = try run(video.propagation(maxFrames: 3))
    let last = try #require(graphs.calls("attend_memory").last)
    let tokens = try #require(last.inputs["memory"])
    #expect(tokens.shape == [1, 12, 32])
    let firsts = stride(from: 0, to: tokens.elementCount, by: 4 * 32).map { tokens.floats()[$0] }
    #expect(firsts == [tag(0), tag(1), tag(2)].map(rounded))
    #expect(firsts != [tag(0), tag(1), tag(2)])
    let positions = try #require(last.inputs["memory_position"]).floats()
    #expect(stride(from: 0, to: positions.count, by: 4 * 32).map { positions[$0] } == [6, 1, 0])
    // Pointers stay in full precision: the conditioning frame, then backwards.
    let pointers = try #require(last.inputs["pointers"])
    #expect(pointers.shape == [1, 3, 64])
    #expect(
      stride(from: 0, to: 3 * 64, by: 64).map { pointers.floats()[$0] } == [tag(0), tag(2), tag(1)])
    let times = graphs.calls("pointer_positions").last?.inputs["times"]?.floats()
    #expect(times == [3, 1, 2].map { Float($0) / 11 })
  }

  @Test func objectsShareTheImageFeatures() throws {
    let graphs = FakeGraphs()
    let video = try predictor(graphs)
    try video.addPoints(frame: 0, object: 7, points: click)
    try video.addPoints(frame: 0, object: 3, box: .init(x0: 0, y0: 0, x1: 10, y1: 10))
    let results = try run(video.propagation())
    #expect(results.allSatisfy { $0.objects.map(\.id) == [7, 3] })
    #expect(graphs.calls("encode_image").count == 12)
    // Both objects look back at equally much, so they go through the model together.
    #expect(
      graphs.calls("attend_memory").map { $0.inputs["memory"]?.shape[0] }
        == Array(repeating: 2, count: 11))
  }

  @Test func annotatedMasksAreBinarizedForTheMemoryAndTrackedOnesAreNot() throws {
    let graphs = FakeGraphs()
    let video = try predictor(graphs)
    try video.addPoints(frame: 0, object: 1, points: click)
    _ = try run(video.propagation(maxFrames: 1))
    #expect(graphs.calls("encode_memory").map { $0.first("masks") } == [1e4, 52])
    #expect(graphs.calls("encode_memory").map { $0.first("absent") } == [0, 0])
  }

  @Test func absentObjectsGetThePlaceholder() throws {
    let graphs = FakeGraphs(objectScore: -0.5)
    let video = try predictor(graphs)
    let result = try video.addPoints(frame: 0, object: 1, points: click)
    #expect(result.objects[0].lowResolutionLogits.floats().allSatisfy { $0 == -1024 })
    #expect(result.masks()[0].mask.area == 0)
    _ = try run(video.propagation(maxFrames: 1))
    #expect(graphs.calls("project_pointer").allSatisfy { $0.first("present") == 0 })
    #expect(graphs.calls("encode_memory").allSatisfy { $0.first("absent") == 1 })
  }

  @Test func framesWithoutClicksEncodeNone() throws {
    let graphs = FakeGraphs()
    let video = try predictor(graphs)
    try video.addPoints(frame: 0, object: 1, points: click)
    // The model's own call, and the click.
    #expect(graphs.calls("encode_prompts").map { $0.first("label_indices") } == [0, 2])
    try video.addMask(frame: 1, object: 2, mask: BinaryMask(width: 40, height: 20))
    _ = try run(video.propagation(maxFrames: 3))
    #expect(graphs.calls("decode_masks").count > 4)
    #expect(graphs.calls("encode_prompts").count == 2)
  }

  @Test func correctionsSeeTheClampedEarlierMaskAndTheMemory() throws {
    let graphs = FakeGraphs()
    let video = try predictor(graphs)
    try video.addPoints(frame: 0, object: 1, points: click)
    #expect(graphs.calls("encode_mask_prompt").isEmpty)
    _ = try run(video.propagation())
    let before = graphs.calls("attend_memory").count
    try video.addPoints(frame: 5, object: 1, points: click)
    #expect(graphs.calls("attend_memory").count == before + 1)
    #expect(graphs.calls("encode_mask_prompt").map { $0.first("mask") } == [32])
    // A correction does not make a conditioning frame.
    #expect(video.objects[0].pendingRecent.frames == [5])
    try video.addPoints(frame: 5, object: 1, points: click, clearOldPoints: false)
    let labels = graphs.calls("encode_prompts").last?.inputs["label_indices"]
    #expect(labels?.floats() == [2, 2, 0])
  }

  @Test func clearingDowngradesAndRemovingForgets() throws {
    let video = try predictor(FakeGraphs())
    try video.addPoints(frame: 0, object: 1, points: click)
    try video.addPoints(frame: 0, object: 2, points: click)
    _ = try run(video.propagation(maxFrames: 2))
    try video.clearFrame(0, object: 1)
    #expect(video.objects[0].conditioning.isEmpty)
    #expect(video.objects[0].recent.frames.contains(0))
    #expect(code { _ = try video.propagation() } == "track.no_conditioning")
    #expect(try video.removeObject(1).isEmpty)
    #expect(video.objectIDs == [2])
    _ = try video.propagation()
    video.reset()
    #expect(video.objectIDs.isEmpty)
    #expect(code { _ = try video.propagation() } == "track.nothing")
  }

  @Test func refusesWhatDoesNotFit() throws {
    let video = try predictor(FakeGraphs())
    let box = Prompt.Box(x0: 0, y0: 0, x1: 10, y1: 10)
    #expect(code { try video.addPoints(frame: 12, object: 1, points: click) } == "track.frame")
    #expect(code { try video.addPoints(frame: 0, object: 1) } == "prompt.empty")
    #expect(
      code { try video.addPoints(frame: 0, object: 1, box: box, clearOldPoints: false) }
        == "prompt.box_after_points")
    #expect(
      code { try video.addMask(frame: 0, object: 1, mask: BinaryMask(width: 20, height: 40)) }
        == "prompt.mask_size")
    #expect(code { try video.removeObject(5) } == "track.object")
    #expect(code { try video.clearFrame(0, object: 5) } == "track.object")
    #expect(video.objectIDs.isEmpty)
    try video.addPoints(frame: 0, object: 1, points: click)
    #expect(code { _ = try video.propagation(start: -1) } == "track.frame")
    #expect(code { _ = try video.propagation(maxFrames: -1) } == "track.max_frames")
    var propagation = try video.propagation()
    _ = try propagation.next()
    try video.addPoints(frame: 3, object: 1, points: click)
    #expect(code { _ = try propagation.next() } == "track.changed")
  }

  @Test func givenMasksAreTheAnswer() throws {
    let video = try predictor(FakeGraphs())
    let bits = [Bool](repeating: true, count: 800)
    let full = try video.addMask(
      frame: 0, object: 1, mask: BinaryMask(width: 40, height: 20, bits: bits))
    #expect(full.objects[0].objectScore == 10)
    #expect(full.masks()[0].mask.area == 800)
    let empty = try video.addMask(frame: 0, object: 1, mask: BinaryMask(width: 40, height: 20))
    #expect(empty.objects[0].objectScore == -10)
  }

  /// The scores that tracking policies may use are kept with each result.
  @Test func resultsKeepTheirScores() throws {
    let video = try predictor(FakeGraphs())
    try video.addPoints(frame: 0, object: 1, points: click)
    try video.addPoints(frame: 0, object: 2, box: .init(x0: 1, y0: 1, x1: 9, y1: 9))
    try video.addMask(frame: 0, object: 3, mask: BinaryMask(width: 40, height: 20))
    _ = try run(video.propagation(maxFrames: 2))
    func scores(_ object: Int, _ frame: Int) -> FrameScores? {
      let object = video.objects[object - 1]
      return (object.conditioning[frame] ?? object.recent[frame])?.scores
    }
    // One click takes the best of three candidates, a box the single mask.
    #expect(scores(1, 0) == FrameScores(predictedIoU: 0.9, objectScore: 3))
    #expect(scores(2, 0) == FrameScores(predictedIoU: 0.5, objectScore: 3))
    #expect(scores(3, 0) == FrameScores(predictedIoU: 1, objectScore: -10))
    for object in 1...3 {
      #expect(scores(object, 2) == FrameScores(predictedIoU: 0.9, objectScore: 3))
      let history = video.objects[object - 1].history
      #expect(history.conditioning == [0] && history.scores(0) == nil)
      #expect(history.scores(2) == scores(object, 2))
    }
  }

  @Test func historyIsBoundedWhenNobodyNeedsIt() throws {
    let video = try predictor(FakeGraphs(), frames: 60)
    try video.addPoints(frame: 0, object: 1, points: click)
    _ = try run(video.propagation(keepsHistory: false))
    let horizon = MemoryPlan.horizon(video.model.configuration)
    #expect(video.objects[0].recent.frames == Array(59 - horizon...59))
  }

  @Test func videosThatEndEarlyOrDoNotKnowTheirLength() throws {
    struct Claiming: IndexedFrames {
      var list: FrameList
      var frameCount: Int?
      var width: Int { list.width }
      var height: Int { list.height }
      func frame(at index: Int) throws(Failure) -> RGBImage { try list.frame(at: index) }
    }
    let graphs = FakeGraphs()
    let model = try SegmentationModel(graphs, configuration: graphs.configuration)
    let unknown = Claiming(list: Self.clip(5), frameCount: nil)
    #expect(try VideoPredictor(model, frames: unknown).frameCount == 5)

    let video = try VideoPredictor(model, frames: Claiming(list: Self.clip(5), frameCount: 8))
    try video.addPoints(frame: 0, object: 1, points: click)
    #expect(try run(video.propagation()).map(\.frame) == Array(0..<5))
    #expect(video.frameCount == 5)
  }
}
