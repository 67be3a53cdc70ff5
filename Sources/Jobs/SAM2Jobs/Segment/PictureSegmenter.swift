import Bytes
import JobSupport
import Media

/// The ways in which the masks of a picture are found.
enum PictureSegmenter {
  /// By prompts about the picture itself.
  case prompts(PromptedSegmenter)
  /// By objects marked on other pictures.
  case examples(ExampleSegmenter)

  /// Choices made before the first picture.
  var notices: [Notice] {
    switch self {
    case .prompts: []
    case .examples(let segmenter): segmenter.notices
    }
  }

  /// The masks of the picture; `clock` gets the times, `notices` what was chosen.
  func answers(
    for picture: RGBImage, clock: inout StageClock, notices: inout [Notice]
  ) throws(Failure) -> [SegmentAnswer] {
    switch self {
    case .prompts(let segmenter):
      try segmenter.answers(for: picture, clock: &clock, notices: &notices)
    case .examples(let segmenter): try segmenter.answers(for: picture, clock: &clock)
    }
  }
}
