import Bytes
import Media
import Testing

@testable import SAM2

/// Masks before a click are those that the click gives.
@Suite("A preview of a click in a video")
struct PreviewTests {
  private static let (width, height) = (64, 48)

  /// A bright square that moves to the right by two pixels with each frame.
  private func predictor() throws -> VideoPredictor {
    let frames = (0..<5).map { frame in
      var picture = RGBImage(
        width: Self.width, height: Self.height, filledWith: RGBColour(40, 60, 80))
      for y in 14..<30 {
        for x in (10 + 2 * frame)..<(26 + 2 * frame) {
          for channel in 0..<3 { picture.pixels[3 * (y * Self.width + x) + channel] = 220 }
        }
      }
      return picture
    }
    return try VideoPredictor(Nano.model.get(), frames: FrameList(frames))
  }

  private func point(_ x: Float, _ y: Float, _ label: Int = 1) -> Prompt.Point {
    Prompt.Point(x: x, y: y, label: label)
  }

  private func logits(_ result: FrameResult, _ object: Int) throws -> [Float] {
    try #require(result.objects.first { $0.id == object }).lowResolutionLogits.floats()
  }

  @Test("equals the answer to the click, on a new frame and on a tracked one, and changes nothing")
  func equalsClick() throws {
    let (looked, plain) = (try predictor(), try predictor())
    for (frame, points) in [(0, [point(16, 20)]), (0, [point(16, 20), point(50, 40, 0)])] {
      let seen = try looked.preview(frame: frame, object: 1, points: points)
      let answer = try looked.addPoints(frame: frame, object: 1, points: points)
      let expected = try plain.addPoints(frame: frame, object: 1, points: points)
      #expect(try logits(seen, 1) == logits(answer, 1))
      #expect(try logits(answer, 1) == logits(expected, 1))
    }
    for video in [looked, plain] { try video.propagate { _, _ in true } }
    for points in [[point(22, 20)], [point(22, 20), point(30, 26)]] {
      let seen = try looked.preview(frame: 3, object: 1, points: points)
      _ = try looked.preview(frame: 3, object: 2, points: [point(50, 40)])
      let answer = try looked.addPoints(frame: 3, object: 1, points: points)
      let expected = try plain.addPoints(frame: 3, object: 1, points: points)
      #expect(try logits(seen, 1) == logits(answer, 1))
      #expect(try logits(answer, 1) == logits(expected, 1))
    }
    #expect(looked.objectIDs == [1])
    var frames: [[Float]] = []
    for video in [looked, plain] {
      try video.propagate { result, _ in
        frames.append(try logits(result, 1))
        return true
      }
    }
    #expect(frames.count == 10 && Array(frames[..<5]) == Array(frames[5...]))
  }

  @Test("attends to the memory once for all places on a tracked frame, and for the click there")
  func attendsOnce() throws {
    let graphs = FakeGraphs()
    let model = try SegmentationModel(graphs, configuration: graphs.configuration)
    let frames = (0..<4).map { _ in RGBImage(width: 40, height: 20, filledWith: RGBColour(1, 1, 1))
    }
    let video = try VideoPredictor(model, frames: FrameList(frames))
    try video.addPoints(frame: 0, object: 1, points: [point(10, 5)])
    try video.propagate { _, _ in true }
    let before = graphs.calls("attend_memory").count
    for x in 1...4 {
      _ = try video.preview(frame: 2, object: 1, points: [point(Float(x), 5)])
    }
    try video.addPoints(frame: 2, object: 1, points: [point(4, 5)])
    try video.addPoints(frame: 2, object: 1, points: [point(4, 5), point(9, 9)])
    #expect(graphs.calls("attend_memory").count == before + 1)
    // A settled result becomes memory: the frame looks different then.
    try video.propagate(maxFrames: 1) { _, _ in true }
    let settled = graphs.calls("attend_memory").count
    _ = try video.preview(frame: 2, object: 1, points: [point(3, 5)])
    #expect(graphs.calls("attend_memory").count == settled + 1)
  }

  @Test("knows the frames that are encoded, and refuses those that do not exist")
  func encoded() throws {
    let video = try predictor()
    #expect(video.encodedFrames == [] && !video.isEncoded(frame: 2, for: 1))
    try video.encode(frame: 2, for: 1)
    #expect(video.encodedFrames == [2] && video.isEncoded(frame: 2, for: 1))
    try video.addPoints(frame: 2, object: 1, points: [point(20, 20)])
    try video.propagate { _, _ in true }
    // A tracked frame is seen with the memory of the object.
    #expect(video.encodedFrames.contains(4) && !video.isEncoded(frame: 4, for: 1))
    #expect(video.isEncoded(frame: 4, for: 2))
    try video.encode(frame: 4, for: 1)
    #expect(video.isEncoded(frame: 4, for: 1))
    let failure = #expect(throws: Failure.self) { try video.encode(frame: 5, for: 1) }
    #expect(failure?.code == "track.frame")
  }
}
