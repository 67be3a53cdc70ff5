import Bytes
import Media
import Tensors
import TestSupport
import Testing

@testable import SAM2

@Suite struct StreamingTrackerTests {
  private static func frame(_ level: UInt8) -> RGBImage {
    RGBImage(width: 40, height: 20, filledWith: RGBColour(level, level, level))
  }

  private func tracker(_ graphs: FakeGraphs) throws -> StreamingTracker {
    let model = try SegmentationModel(graphs, configuration: graphs.configuration)
    return try StreamingTracker(model, width: 40, height: 20)
  }

  @Test func countsFramesAndEncodesThemOnlyForObjects() throws {
    let graphs = FakeGraphs()
    let stream = try tracker(graphs)
    #expect(stream.frame == nil)
    #expect(try stream.push(Self.frame(1)).objects.isEmpty)
    #expect(try stream.push(Self.frame(2)).objects.isEmpty)
    #expect(stream.frame == 1)
    #expect(graphs.calls("encode_image").isEmpty)
    let annotated = try stream.addPoints(object: 5, points: [.init(x: 3, y: 4)])
    #expect(annotated.frame == 1)
    #expect(try stream.push(Self.frame(3)).objects.map(\.id) == [5])
    #expect(stream.objectIDs == [5])
    // The annotated frame, once for the click and its memory, and the tracked one.
    #expect(graphs.calls("encode_image").count == 2)
  }

  @Test func keepsOnlyWhatTheModelCanLookAt() throws {
    let stream = try tracker(FakeGraphs())
    try stream.push(Self.frame(1))
    try stream.addPoints(object: 1, points: [.init(x: 3, y: 4)])
    var counts: [Int] = []
    for step in 0..<80 {
      try stream.push(Self.frame(UInt8(step)))
      let object = try #require(stream.predictor.objects.first)
      counts.append(object.recent.frames.count + object.tracked.count)
    }
    #expect(counts[40...].allSatisfy { $0 == counts[40] }, "\(counts)")
    #expect(stream.predictor.objects.first?.conditioning.frames == [0])
  }

  @Test func reportsWrongCalls() throws {
    let stream = try tracker(FakeGraphs())
    #expect(throws: failure("stream.no_frame")) {
      try stream.addPoints(object: 1, points: [.init(x: 3, y: 4)])
    }
    #expect(throws: failure("video.frame_size")) {
      try stream.push(RGBImage(width: 20, height: 40))
    }
    let model = stream.predictor.model
    #expect(throws: failure("stream.size")) {
      try StreamingTracker(model, width: 0, height: 20)
    }
  }

  @Test func savesAndResumes() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/state"
      let stream = try tracker(FakeGraphs())
      try stream.saveState(to: path)
      let model = stream.predictor.model
      #expect(
        try StreamingTracker(model, resuming: path, width: 40, height: 20).frame == nil)

      for level in 0..<30 {
        try stream.push(Self.frame(UInt8(level)))
        if level == 3 { try stream.addPoints(object: 9, points: [.init(x: 3, y: 4)]) }
      }
      try stream.addPoints(object: 2, box: .init(x0: 1, y0: 1, x1: 9, y1: 9))
      try stream.saveState(to: path)
      let other = try StreamingTracker(model, resuming: path, width: 40, height: 20)
      #expect(other.frame == 29 && other.objectIDs == [9, 2])
      #expect(throws: failure("stream.no_frame")) {
        try other.addPoints(object: 1, points: [.init(x: 3, y: 4)])
      }
      for level in 30..<34 {
        let (a, b) = (
          try stream.push(Self.frame(UInt8(level))), try other.push(Self.frame(UInt8(level)))
        )
        #expect(a.frame == b.frame && a.objects.map(\.objectScore) == b.objects.map(\.objectScore))
      }
      try stream.saveState(to: folder + "/a")
      try other.saveState(to: folder + "/b")
      #expect(fileBytes(folder + "/a") == fileBytes(folder + "/b"))
      #expect(throws: failure("state.video")) {
        try StreamingTracker(model, resuming: path, width: 41, height: 20)
      }
    }
  }

  // Kernels without optimisation are fifty times slower.
  #if !DEBUG
  /// Objects that come later and corrections, over more frames than there are pointers.
  @Test func equalsTheVideoPredictor() throws {
    let model = try Nano.model.get()
    let pictures = try (0..<18).map { index in
      // Forwards, and back again.
      let frame = index % 14
      return try ImageReader.read(Nano.path("clip/0000\(frame < 8 ? frame : 14 - frame).jpg"))
    }
    let disc = [Prompt.Point(x: 42, y: 58)]
    let box = Prompt.Box(x0: 111, y0: 60, x1: 169, y1: 122)
    let correction = [Prompt.Point(x: 70, y: 64)]

    let video = try VideoPredictor(model, frames: FrameList(pictures))
    var expected: [Int: FrameResult] = [:]
    func propagate(_ start: Int, _ maxFrames: Int?) throws {
      try video.propagate(start: start, maxFrames: maxFrames) { result, _ in
        expected[result.frame] = result
        return true
      }
    }
    try video.addPoints(frame: 0, object: 1, points: disc)
    try propagate(0, 2)
    try video.addPoints(frame: 2, object: 2, box: box)
    try propagate(3, 2)
    try video.addPoints(frame: 5, object: 1, points: correction)
    try propagate(6, nil)

    let stream = try StreamingTracker(
      model, width: pictures[0].width, height: pictures[0].height)
    for (frame, picture) in pictures.enumerated() {
      let result = try stream.push(picture)
      if frame > 0 {
        let same = try #require(expected[frame])
        #expect(result.objects.map(\.id) == same.objects.map(\.id))
        for (a, b) in zip(result.objects, same.objects) {
          #expect(a.lowResolutionLogits.floats() == b.lowResolutionLogits.floats(), "\(frame)")
        }
      }
      switch frame {
      case 0: try stream.addPoints(object: 1, points: disc)
      case 2: try stream.addPoints(object: 2, box: box)
      case 5: try stream.addPoints(object: 1, points: correction)
      default: break
      }
    }
  }
  #endif
}
