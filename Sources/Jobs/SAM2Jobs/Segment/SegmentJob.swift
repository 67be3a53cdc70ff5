public import Bytes
import JobSupport
import Media
public import SAM2

/// Segments pictures in succession with one model, using the same prompts, words or examples for
/// all.
public struct SegmentJob {
  public let outputs: SegmentOutputs
  private let segmenter: PictureSegmenter
  private let reading: InputReading

  public init(
    model: SegmentationModel, prompts: [RequestedPrompt], choice: MaskSelection,
    finish: SegmentFinish, reading: InputReading = InputReading(), outputs: SegmentOutputs
  ) {
    self.init(
      model: model, source: .given(prompts), choice: choice, finish: finish, reading: reading,
      outputs: outputs)
  }

  public init(
    model: SegmentationModel, source: PromptSource, choice: MaskSelection,
    finish: SegmentFinish, reading: InputReading = InputReading(), outputs: SegmentOutputs
  ) {
    segmenter = .prompts(
      PromptedSegmenter(
        model: model, source: source, choice: choice, finish: finish, reading: reading))
    self.reading = reading
    self.outputs = outputs
  }

  /// Segments pictures by what `examples` mark on other pictures.
  public init(
    examples: ExampleSegmenter, reading: InputReading = InputReading(), outputs: SegmentOutputs
  ) {
    segmenter = .examples(examples)
    self.reading = reading
    self.outputs = outputs
  }

  /// Segments the picture at `path`, number `index` of the run, and writes its files; nothing is
  /// written if an earlier stage fails.
  public func segment(_ path: String, index: Int = 0) throws(Failure) -> SegmentResult {
    var clock = StageClock()
    let picture = try clock.time("decode") { () throws(Failure) in
      try ImageReader.read(path, options: reading.pictures)
    }
    var notices = picture.notices
    let answers = try segmenter.answers(for: picture, clock: &clock, notices: &notices)
    var result = SegmentResult(
      image: path, picture: picture, clock: clock, answers: answers,
      notices: notices.map { $0.about(file: path) })
    try result.clock.time("write") { () throws(Failure) in
      result.files = try outputs.write(answers, of: path, picture: picture, index: index)
    }
    return result
  }
}
