import Bytes
import JobSupport
import Media

/// The ways of finding the masks of a picture.
enum PictureSegmenter {
  /// From prompts on the picture itself.
  case prompts(PromptedSegmenter)
  /// From objects marked on other pictures.
  case examples(ExampleSegmenter)

  /// Choices made before the first picture.
  var notices: [Notice] {
    switch self {
    case .prompts: []
    case .examples(let segmenter): segmenter.notices
    }
  }

  /// The masks of the picture; times are added to `clock`, and choices made to `notices`.
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
