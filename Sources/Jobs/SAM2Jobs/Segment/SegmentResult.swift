import Annotations
public import Bytes
public import JSON
public import JobSupport
public import Media
import SAM2
public import Tensors

/// The requested part of a model's answer to one prompt.
public struct SegmentAnswer: Sendable {
  public let prompt: RequestedPrompt
  public let masks: [BinaryMask]
  public let predictedIoUs: [Float]
  public let objectScore: Float
  /// [S/4, S/4] for each requested mask.
  public let logits: [Tensor]

  /// Keeps the masks at the indices `kept`; `finish` affects masks, not logits.
  init(
    prompt: RequestedPrompt, prediction: MaskPrediction, kept: [Int], finish: SegmentFinish
  ) {
    self.prompt = prompt
    let threshold = Float(finish.maskThreshold)
    let cleaned = prediction.cleaned(
      maximumHoleArea: finish.maxHoleArea, maximumIslandArea: finish.maxSprinkleArea,
      threshold: threshold)
    masks = kept.map { cleaned.mask($0, threshold: threshold) }
    predictedIoUs = kept.map { prediction.predictedIoUs[$0] }
    objectScore = prediction.objectScore
    logits = kept.map { prediction.lowResolutionLogits[$0] }
  }
}

/// One segmented picture.
public struct SegmentResult {
  public let image: String
  public let picture: RGBImage
  public internal(set) var clock: StageClock
  public let answers: [SegmentAnswer]
  public internal(set) var files = SegmentFiles()
  public let notices: [Notice]

  init(
    image: String, picture: RGBImage, clock: StageClock, answers: [SegmentAnswer],
    notices: [Notice]
  ) {
    self.image = image
    self.picture = picture
    self.clock = clock
    self.answers = answers
    self.notices = notices
  }

  /// The picture's entry in a report.
  public var json: JSONValue {
    var entries: [(key: String, value: JSONValue)] = [
      ("image", .string(image)), ("width", .init(picture.width)), ("height", .init(picture.height)),
      ("applied_orientation", .init(picture.appliedOrientation)),
      (
        "prompts",
        .array(
          answers.enumerated().map { index, answer in
            answer.json(files: files.masks.isEmpty ? [] : files.masks[index])
          })
      ),
      ("files", .array(files.all.map { .string($0) })), ("milliseconds", clock.json),
    ]
    if !notices.isEmpty { entries.append(("notices", notices.json)) }
    if let overlay = files.overlay { entries.append(("overlay", .string(overlay))) }
    if let logits = files.logits { entries.append(("logits", .string(logits))) }
    return .object(entries)
  }
}

extension SegmentAnswer {
  /// Whether the model considers the object present in the picture.
  public var isPresent: Bool { objectScore > 0 }

  /// Its first mask, for formats with one mask per object.
  var annotated: AnnotatedMask {
    AnnotatedMask(
      object: prompt.object, category: prompt.category,
      score: prompt.score ?? Double(predictedIoUs[0]), mask: masks[0])
  }

  fileprivate func json(files: [String]) -> JSONValue {
    let entries: [(key: String, value: JSONValue)] = [
      ("object", .init(prompt.object)),
      ("predicted_iou", .array(predictedIoUs.map { .init($0) })),
      ("object_score", .init(objectScore)),
      (
        "masks",
        .array(
          masks.indices.map { index in
            let file: [(key: String, value: JSONValue)] =
              files.isEmpty ? [] : [("file", .string(files[index]))]
            return .object(
              file + [
                ("area", .init(masks[index].area)),
                ("box", masks[index].boundingBox?.json ?? .null),
              ])
          })
      ),
    ]
    return .object(entries + facts)
  }

  /// Facts about the object other than its masks, for reports.
  var facts: [(key: String, value: JSONValue)] {
    (prompt.isFoundByExample ? [("present", .bool(isPresent))] : []) + prompt.facts
  }
}

extension RequestedPrompt {
  /// The detector's facts about the object, for reports; empty without a detector.
  var facts: [(key: String, value: JSONValue)] {
    (label.map { [("label", .string($0))] } ?? []) + (score.map { [("score", .init($0))] } ?? [])
  }
}

extension PixelBox {
  /// [x0, y0, x1, y1], including the last pixels.
  var json: JSONValue { [.init(left), .init(top), .init(right), .init(bottom)] }
}
