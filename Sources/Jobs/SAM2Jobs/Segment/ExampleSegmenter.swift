public import Bytes
import JobSupport
import Media
public import SAM2

/// Finds the objects marked by the examples in each picture in succession.
public struct ExampleSegmenter {
  private let predictor: ExamplePredictor
  let finish: SegmentFinish
  /// Choices made when reading the examples.
  public let notices: [Notice]
  /// Paths of the examples.
  public let images: [String]

  /// Reads and encodes all examples.
  ///
  /// `finish` is applied to the masks; unlike in videos, no other holes are filled.
  /// - Throws: what reading pictures and masks throws, about the file; as `ExamplePredictor.add`.
  public init(
    model: SegmentationModel, examples: [RequestedExample], finish: SegmentFinish,
    reading: InputReading = InputReading()
  ) throws(Failure) {
    var options = ExampleOptions()
    options.fillHoleArea = 0
    predictor = try ExamplePredictor(model, options: options)
    self.finish = finish
    images = examples.map(\.image)
    var notices: [Notice] = []
    for example in examples {
      do throws(Failure) {
        let picture = try ImageReader.read(example.image, options: reading.pictures)
        var found = picture.notices
        var marks: [Example.Mark] = []
        for prompt in example.prompts {
          marks.append(try prompt.mark(on: picture, reading, &found))
        }
        try predictor.add(Example(picture, marks: marks))
        notices += found.map { $0.about(file: example.image) }
      } catch {
        throw error.about(file: example.image)
      }
    }
    self.notices = notices
  }

  /// Numbers of the objects.
  public var objectIDs: [Int] { predictor.objectIDs }

  /// The mask of every object, empty if it is not in the picture; times are added to `clock`.
  func answers(
    for picture: RGBImage, clock: inout StageClock
  ) throws(Failure) -> [SegmentAnswer] {
    try clock.time("segment") { () throws(Failure) in
      try predictor.segment(picture).map { found in
        var prompt = RequestedPrompt(object: found.object)
        prompt.isFoundByExample = true
        return SegmentAnswer(prompt: prompt, prediction: found.mask, kept: [0], finish: finish)
      }
    }
  }
}

extension RequestedPrompt {
  /// The prompt in the library's form, with its mask file read.
  fileprivate func mark(
    on picture: RGBImage, _ reading: InputReading, _ notices: inout [Notice]
  ) throws(Failure) -> Example.Mark {
    var mark = Example.Mark(object: object, points: points, box: box)
    if let maskFile {
      let found = try MaskFile(maskFile, reading).mask(of: hasGivenNumber ? object : nil)
      mark.mask = found.mask
      notices += found.notices
    }
    notices += Prompt.notices(
      points: points, box: box, width: picture.width, height: picture.height)
    return mark
  }
}
