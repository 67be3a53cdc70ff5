import Bytes
import JobSupport
import Media
import SAM2
import Tensors

/// Answers the same prompts for each picture in succession.
struct PromptedSegmenter {
  private let source: PromptSource
  private let choice: MaskSelection
  private let finish: SegmentFinish
  private let reading: InputReading
  private let predictor: ImagePredictor

  init(
    model: SegmentationModel, source: PromptSource, choice: MaskSelection,
    finish: SegmentFinish, reading: InputReading
  ) {
    predictor = ImagePredictor(model)
    predictor.maskRefinement = finish.refinement
    self.source = source
    self.choice = choice
    self.finish = finish
    self.reading = reading
  }

  /// The masks for all prompts, in order; times are added to `clock`, and choices made to
  /// `notices`.
  func answers(
    for picture: RGBImage, clock: inout StageClock, notices: inout [Notice]
  ) throws(Failure) -> [SegmentAnswer] {
    let (prompts, limits) = try clock.time(source.stage) { () throws(Failure) in
      try source.prompts(for: picture)
    }
    for notice in limits { notices.merge(notice) }
    guard !prompts.isEmpty else { return [] }
    // Checked before the slow part begins.
    try predictor.model.require(finish.refinement)
    var found: [Notice] = []
    let asked = try clock.time("prompt") { () throws(Failure) in
      try resolved(prompts, for: picture, &found)
    }
    for notice in found { notices.merge(notice) }
    try clock.time("encode") { () throws(Failure) in try predictor.setImage(picture) }
    return try clock.time("prompt") { () throws(Failure) in try predict(asked, for: prompts) }
  }

  /// The prompts with their masks loaded; how a mask file is read depends on the picture's size.
  private func resolved(
    _ prompts: [RequestedPrompt], for picture: RGBImage, _ notices: inout [Notice]
  ) throws(Failure) -> [Prompt] {
    var resolved: [Prompt] = []
    for prompt in prompts {
      var logits: Tensor?
      if let file = prompt.maskFile {
        let found = try MaskFile(file, reading).promptLogits(
          of: prompt.hasGivenNumber ? prompt.object : nil, side: predictor.model.imageSize / 4,
          width: picture.width, height: picture.height)
        logits = found.logits
        notices += found.notices
      }
      notices += Prompt.notices(
        points: prompt.points, box: prompt.box, width: picture.width, height: picture.height)
      resolved.append(Prompt(points: prompt.points, box: prompt.box, maskLogits: logits))
    }
    return resolved
  }

  /// Answers all prompts in two batches: those with candidates, and those with a single mask.
  private func predict(
    _ asked: [Prompt], for prompts: [RequestedPrompt]
  ) throws(Failure) -> [SegmentAnswer] {
    let selections = prompts.map { $0.selection(default: choice) }
    var answers = [SegmentAnswer?](repeating: nil, count: asked.count)
    for multimask in [false, true] {
      let indices = asked.indices.filter { selections[$0].usesCandidates == multimask }
      if indices.isEmpty { continue }
      let predictions = try predictor.predict(indices.map { asked[$0] }, multimask: multimask)
      for (index, prediction) in zip(indices, predictions) {
        let kept = selections[index] == .best ? [prediction.best] : Array(0..<prediction.count)
        answers[index] = SegmentAnswer(
          prompt: prompts[index], prediction: prediction, kept: kept, finish: finish)
      }
    }
    return answers.compactMap { $0 }
  }
}

extension RequestedPrompt {
  /// The selection for this prompt, where `preset` applies to all prompts.
  func selection(default preset: MaskSelection) -> MaskSelection {
    guard let multimask, preset != .best else { return preset }
    return multimask ? .all : .single
  }
}
