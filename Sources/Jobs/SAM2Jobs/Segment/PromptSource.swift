public import Bytes
public import Detector
public import Media
import SAM2

/// The source of a picture's prompts.
public enum PromptSource {
  /// The same for every picture.
  case given([RequestedPrompt])
  /// Boxes that a detector finds by words, picture by picture.
  case words(WordPrompter)

  /// The stage to which the time for finding prompts is added.
  var stage: String {
    switch self {
    case .given: "prompt"
    case .words: "detect"
    }
  }

  /// The prompts for `picture`, and notices about anything omitted.
  func prompts(for picture: RGBImage) throws(Failure) -> (
    list: [RequestedPrompt], notices: [Notice]
  ) {
    switch self {
    case .given(let prompts): return (prompts, [])
    case .words(let prompter): return try prompter.prompts(for: picture)
    }
  }
}

/// Converts a detector's finds in pictures to box prompts.
public struct WordPrompter {
  private let detector: Detector
  private let queries: DetectorQueries
  private let options: DetectionOptions

  public init(_ detector: Detector, queries: DetectorQueries, options: DetectionOptions) {
    (self.detector, self.queries, self.options) = (detector, queries, options)
  }

  /// One prompt per object, best first, numbered from 1, and notices about anything omitted.
  public func prompts(
    for picture: RGBImage
  ) throws(Failure) -> (list: [RequestedPrompt], notices: [Notice]) {
    let boxes = try detector.look(at: picture)
    let (found, leftOut) = try detector.detections(queries, in: boxes, options: options)
    let prompts = found.enumerated().map { index, detection in
      RequestedPrompt(object: index + 1, detection, labels: queries.labels)
    }
    return (prompts, leftOut > 0 ? [.detectionLimit(leftOut, kept: found.count)] : [])
  }
}

extension RequestedPrompt {
  /// A prompt for an object that a detector found.
  init(object: Int, _ found: Detection, labels: [String]) {
    let box = found.box
    self.init(object: object, box: Prompt.Box(x0: box.x0, y0: box.y0, x1: box.x1, y1: box.y1))
    category = found.query
    label = labels.indices.contains(found.query) ? labels[found.query] : nil
    score = Double(found.score)
  }
}
