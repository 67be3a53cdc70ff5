import Bytes
import Media
import SampleScene
import Testing

@testable import SAM2

/// Objects marked on some pictures and found in others, with the trained fixture model.
@Suite struct ExamplePredictorTests {
  /// Pictures of one scene: two to mark, one to look at.
  private static let frames = [0, 4, 12]

  private func pictures() throws -> [RGBImage] {
    let clip = SampleScene(seed: 5).clip(width: 160, height: 120)
    return Self.frames.map { clip.frame($0).image }
  }

  private let click = [Prompt.Point(x: 60, y: 50), Prompt.Point(x: 4, y: 4, label: 0)]
  private let box = Prompt.Box(x0: 30, y0: 20, x1: 110, y1: 90)

  @Test func theMasksAreThoseOfAVideoOfTheExamplesAndThePicture() throws {
    let model = try Nano.model.get()
    let pictures = try pictures()
    let examples = try ExamplePredictor(model)
    try examples.add(Example(pictures[0], marks: [.init(object: 7, points: click)]))
    try examples.add(
      Example(pictures[1], marks: [.init(object: 3, box: box), .init(object: 7, points: click)]))
    #expect(examples.objectIDs == [7, 3])
    #expect(examples.count == 2)

    let video = try VideoPredictor(model, frames: FrameList(pictures))
    try video.addPoints(frame: 0, object: 7, points: click)
    try video.addPoints(frame: 1, object: 3, box: box)
    try video.addPoints(frame: 1, object: 7, points: click)
    var propagation = try video.propagation(start: 2, maxFrames: 0)
    let result = try #require(try propagation.next())

    // Twice: nothing of a picture is remembered.
    for _ in 0..<2 {
      let found = try examples.segment(pictures[2])
      #expect(found.map(\.object) == [7, 3])
      for (answer, object) in zip(found, result.objects) {
        #expect(answer.object == object.id)
        #expect(answer.mask.objectScore == object.objectScore)
        #expect(answer.mask.lowResolutionLogits.floats() == object.lowResolutionLogits.floats())
        #expect(answer.mask.mask(0) == result.masks().first { $0.object == object.id }?.mask)
      }
    }
  }

  @Test func anExampleAnswersAsTheAnnotatedFrameDoes() throws {
    let model = try Nano.model.get()
    let picture = try pictures()[0]
    let mask = BinaryMask(
      width: picture.width, height: picture.height,
      bits: (0..<picture.width * picture.height).map { $0 % picture.width < 40 })
    let answers = try ExamplePredictor(model).add(
      Example(
        picture, marks: [.init(object: 1, points: click), .init(object: 2, mask: mask)]))
    let video = try VideoPredictor(model, frames: FrameList([picture]))
    try video.addPoints(frame: 0, object: 1, points: click)
    let result = try video.addMask(frame: 0, object: 2, mask: mask)
    for (answer, object) in zip(answers, result.objects) {
      #expect(answer.mask.lowResolutionLogits.floats() == object.lowResolutionLogits.floats())
    }
    #expect(answers.count == 2)
  }

  @Test func picturesMayDifferInSize() throws {
    let model = try Nano.model.get()
    let examples = try ExamplePredictor(model)
    try examples.add(Example(try pictures()[0], marks: [.init(object: 1, points: click)]))
    let large = RGBImage(width: 300, height: 90, filledWith: RGBColour(90, 120, 30))
    let found = try #require(try examples.segment(large).first)
    #expect(found.mask.mask(0).width == 300)
    #expect(found.mask.mask(0).height == 90)
  }

  @Test func wrongMarksAreRefusedAndLeaveNothing() throws {
    let model = try Nano.model.get()
    let picture = try pictures()[0]
    let examples = try ExamplePredictor(model)
    func code(_ marks: [Example.Mark]) -> String? {
      do throws(Failure) {
        try examples.add(Example(picture, marks: marks))
        return nil
      } catch { return error.code }
    }
    let mask = BinaryMask(width: 3, height: 3)
    #expect(code([]) == "prompt.empty")
    #expect(code([.init(object: 1)]) == "prompt.empty")
    #expect(code([.init(object: 1, mask: mask)]) == "prompt.mask_size")
    #expect(code([.init(object: 1, points: click, mask: mask)]) == "prompt.mask_and_points")
    #expect(
      code([.init(object: 1, points: click), .init(object: 1, box: box)]) == "prompt.duplicate")
    #expect(examples.count == 0)
    do throws(Failure) {
      _ = try examples.segment(picture)
      Issue.record("segmented without an example")
    } catch {
      #expect(error.code == "track.nothing")
    }
  }
}
