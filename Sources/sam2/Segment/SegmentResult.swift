import Annotations
import Bytes
import CLISupport
import JSON
import JobSupport
import Media
import SAM2
import Tensors

/// What the model says to one prompt, as far as it is wanted.
struct SegmentAnswer {
  let prompt: RequestedPrompt
  let masks: [BinaryMask]
  let predictedIoUs: [Float]
  let objectScore: Float
  /// [S/4, S/4] for each wanted mask.
  let logits: [Tensor]

  /// Keeps the masks at the indices `kept`; `finish` changes masks, not logits.
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
struct SegmentResult {
  let image: String
  let picture: RGBImage
  var clock: StageClock
  let answers: [SegmentAnswer]
  var files = SegmentFiles()

  init(image: String, picture: RGBImage, clock: StageClock, answers: [SegmentAnswer]) {
    self.image = image
    self.picture = picture
    self.clock = clock
    self.answers = answers
  }

  var json: JSONValue {
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
    if let overlay = files.overlay { entries.append(("overlay", .string(overlay))) }
    if let logits = files.logits { entries.append(("logits", .string(logits))) }
    return .object(entries)
  }

  /// Hands a line for each mask file to `say`, and the times with `verbose`.
  func tell(verbose: Bool, say: (String) -> Void) {
    for (place, answer) in answers.enumerated() {
      for (index, mask) in answer.masks.enumerated() {
        let iou = fixed(Double(answer.predictedIoUs[index]), 3)
        let what =
          files.masks.isEmpty
          ? "\(image), object \(answer.prompt.object)" : files.masks[place][index]
        say("\(what): \(mask.area) pixels, predicted IoU \(iou)")
      }
    }
    if let overlay = files.overlay { say(overlay) }
    if verbose {
      let stages = clock.stages.map { "\($0.name) \(fixed($0.milliseconds, 1)) ms" }
      say("\(image): " + stages.joined(separator: ", "))
    }
  }
}

extension SegmentAnswer {
  /// Its first mask, for formats with one mask an object.
  var annotated: AnnotatedMask {
    AnnotatedMask(object: prompt.object, score: Double(predictedIoUs[0]), mask: masks[0])
  }

  fileprivate func json(files: [String]) -> JSONValue {
    [
      "object": .init(prompt.object),
      "predicted_iou": .array(predictedIoUs.map { .init($0) }),
      "object_score": .init(objectScore),
      "masks": .array(
        masks.indices.map { index in
          let file: [(key: String, value: JSONValue)] =
            files.isEmpty ? [] : [("file", .string(files[index]))]
          return .object(
            file + [
              ("area", .init(masks[index].area)),
              ("box", masks[index].boundingBox?.json ?? .null),
            ])
        }),
    ]
  }
}

extension PixelBox {
  /// [x0, y0, x1, y1], the last pixels included.
  var json: JSONValue { [.init(left), .init(top), .init(right), .init(bottom)] }
}
