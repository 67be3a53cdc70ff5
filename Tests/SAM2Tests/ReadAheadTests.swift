import Bytes
import Media
import Synchronization
import Testing

@testable import SAM2

/// Frames are read on a thread of their own while the frame before them is tracked.
@Suite struct ReadAheadTests {
  /// A clip that notes which frames are read, and has one that cannot be.
  private final class NotingFrames: IndexedFrames, Sendable {
    let width = 40
    let height = 20
    let frameCount: Int? = 8
    let broken: Int?
    private let log = Guarded<[Int]>([])

    init(broken: Int? = nil) { self.broken = broken }

    var reads: [Int] { log.withLock { $0 } }

    func frame(at index: Int) throws(Failure) -> RGBImage {
      log.withLock { $0.append(index) }
      if index == broken {
        throw Failure(.badInput, code: "image.damaged", "frame \(index) is damaged")
      }
      let level = UInt8(index + 1)
      return RGBImage(width: 40, height: 20, filledWith: RGBColour(level, level, level))
    }
  }

  private func predictor(
    _ frames: NotingFrames, annotating frame: Int = 0, options: VideoOptions = .init()
  ) throws -> (VideoPredictor, FakeGraphs) {
    let graphs = FakeGraphs()
    let model = try SegmentationModel(graphs, configuration: graphs.configuration)
    let video = try VideoPredictor(model, frames: frames, options: options)
    try video.addPoints(frame: frame, object: 1, points: [.init(x: 10, y: 5)])
    return (video, graphs)
  }

  @Test func everyFrameIsReadOnceAndInOrder() throws {
    let frames = NotingFrames()
    let (video, graphs) = try predictor(frames)
    var propagation = try video.propagation(maxFrames: 5)
    while try propagation.next() != nil {}
    #expect(frames.reads == Array(0...5))
    #expect(
      graphs.calls("encode_image").map { $0.first("image") }
        == (1...6).map { Float($0) / 255 })
  }

  @Test func damagedFramesFailWhenTheyAreReached() throws {
    let frames = NotingFrames(broken: 3)
    let (video, _) = try predictor(frames)
    var propagation = try video.propagation()
    for frame in 0..<3 { #expect(try propagation.next()?.frame == frame) }
    #expect(throws: Failure(.badInput, code: "image.damaged", "")) { try propagation.next() }
  }

  @Test(arguments: [false, true]) func damagedFramesAreLeftOutWhenAsked(reverse: Bool) throws {
    var options = VideoOptions()
    options.skipsUnreadableFrames = true
    let (video, graphs) = try predictor(
      NotingFrames(broken: 3), annotating: reverse ? 7 : 0, options: options)
    var propagation = try video.propagation(reverse: reverse)
    var visited: [Int] = []
    while let result = try propagation.next() { visited.append(result.frame) }
    #expect(visited == (reverse ? [7, 6, 5, 4, 2, 1, 0] : [0, 1, 2, 4, 5, 6, 7]))
    #expect(propagation.progress == .init(done: 8, total: 8))
    #expect(video.skippedFrames.mapValues(\.code) == [3: "image.damaged"])
    #expect(graphs.calls("encode_image").count == 7)
    // A frame with a prompt has to be readable.
    #expect(throws: Failure(.badInput, code: "image.damaged", "")) {
      try video.addPoints(frame: 3, object: 1, points: [.init(x: 10, y: 5)])
    }
  }

  @Test func jumpsAreServed() throws {
    let frames = NotingFrames()
    let (video, _) = try predictor(frames)
    var propagation = try video.propagation()
    _ = try propagation.next()
    _ = try propagation.next()
    // Frame 2 is being read; frame 6 is requested.
    try video.addPoints(frame: 6, object: 1, points: [.init(x: 10, y: 5)])
    #expect(Set(frames.reads) == [0, 1, 2, 6])
    var again = try video.propagation(start: 2, maxFrames: 1)
    #expect(try again.next()?.frame == 2)
    #expect(try again.next()?.frame == 3)
  }
}
