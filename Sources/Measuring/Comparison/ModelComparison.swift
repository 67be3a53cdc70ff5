public import Bytes
public import Graph
internal import Media
public import Runtime
internal import SAM2
internal import Tensors

/// Runs two models side by side on pictures and clips, and measures agreement and time.
///
/// The reference runs first, and its masks count as correct. Equal models and inputs give equal
/// figures, except for the times.
public struct ModelComparison: Sendable {
  /// Called with the current item, and the number of steps (pictures and frames) done and in total.
  public typealias Progress = (_ what: String, _ done: Int, _ total: Int) -> Void

  public private(set) var pictures: [PictureAgreement] = []
  public private(set) var clips: [ClipAgreement] = []
  /// The masks with the lowest agreement, from different pictures and clips, worst first.
  public private(set) var examples: [MaskExample] = []
  public private(set) var clocks: StageClocks

  /// Maximum number of examples from pictures, and from clips.
  private static let pictureExampleLimit = 6
  private static let clipExampleLimit = 3

  let reference: SegmentationModel
  let candidate: SegmentationModel

  /// - Throws: anything thrown by reading the pictures and clips and running the models.
  public init(
    reference: Model, candidate: Model, pictures: [PictureTask], clips: [ClipTask],
    options: RuntimeOptions = .init(), progress: Progress = { _, _, _ in }
  ) throws(Failure) {
    self.reference = try SegmentationModel(reference, options: options)
    self.candidate = try SegmentationModel(candidate, options: options)
    guard let program = self.reference.program else {
      throw Failure(.internalError, code: "comparison.program", "the model has no program")
    }
    clocks = try StageClocks(program)
    let clips = both(allow: .tracking) ? clips : []
    let total = clips.reduce(pictures.count) { $0 + $1.frameLimit }
    var done = 0
    var found: [MaskExample] = []
    for task in pictures {
      progress("comparing", done, total)
      if let example = try compare(task) { found.append(example) }
      done += 1
    }
    examples = Self.worst(found, limit: Self.pictureExampleLimit)
    found = []
    for task in clips {
      let start = done
      if let example = try compare(task, { progress("comparing", start + $0, total) }) {
        found.append(example)
      }
      done += task.frameLimit
    }
    examples += Self.worst(found, limit: Self.clipExampleLimit)
  }

  private func both(allow use: ModelParts.Use) -> Bool {
    reference.parts.allows(use) && candidate.parts.allows(use)
  }

  /// Input order breaks ties, so that reports are reproducible.
  private static func worst(_ examples: [MaskExample], limit: Int) -> [MaskExample] {
    let sorted = examples.enumerated().sorted { a, b in
      a.element.iou != b.element.iou ? a.element.iou < b.element.iou : a.offset < b.offset
    }
    return sorted.prefix(limit).map(\.element)
  }

  // MARK: - Pictures

  /// Compares one picture; returns the mask with the lowest agreement, if any differ.
  private mutating func compare(_ task: PictureTask) throws(Failure) -> MaskExample? {
    let question = try task.question(
      prompted: reference, hasMasks: both(allow: .prompting))
    if pictures.isEmpty {
      // The first picture plans and packs, so it is not timed.
      for model in [reference, candidate] { try ImagePredictor(model).setImage(question.image) }
    }
    clocks.measurePeak()
    let expected = try answer(question, .reference)
    let found = try answer(question, .candidate)
    var masks: [MaskAgreement] = []
    var worst: (index: Int, iou: Double)?
    for (index, prompt) in question.prompts.enumerated() {
      let (a, b) = (expected.logits[index], found.logits[index])
      let iou = BinaryMask(plane: b).intersectionOverUnion(BinaryMask(plane: a))
      let truth = question.truths[index].map { truth in
        TruthAgreement(
          reference: a.mask(width: truth.width, height: truth.height)
            .intersectionOverUnion(truth),
          candidate: b.mask(width: truth.width, height: truth.height)
            .intersectionOverUnion(truth))
      }
      masks.append(MaskAgreement(prompt: prompt.summary, iou: iou, truth: truth))
      if iou < worst?.iou ?? 1 { worst = (index, iou) }
    }
    pictures.append(
      PictureAgreement(
        name: task.name, width: question.image.width, height: question.image.height,
        featureSQNR: OutputError("", "", found.features, expected: expected.features).decibels,
        masks: masks))
    return worst.map { index, iou in
      MaskExample(
        name: task.name, detail: masks[index].prompt, iou: iou, picture: question.image,
        prompt: question.prompts[index], reference: expected.logits[index],
        candidate: found.logits[index])
    }
  }

  /// Features of the picture, and logits [S/4, S/4] of the best mask for each prompt.
  private mutating func answer(
    _ question: PictureTask.Question, _ side: StageClocks.Side
  ) throws(Failure) -> (features: [Float], logits: [Tensor]) {
    let model = side == .reference ? reference : candidate
    let predictor = ImagePredictor(model)
    try clocks.time("encode a picture", side, model) { () throws(Failure) in
      try predictor.setImage(question.image)
    }
    // The first prompt does the work that all share, so it is not timed.
    if let first = question.prompts.first { _ = try predictor.predict(first) }
    var logits: [Tensor] = []
    for prompt in question.prompts {
      let name = prompt.box == nil ? "click on an encoded picture" : "box on an encoded picture"
      let prediction = try clocks.time(name, side, model) { () throws(Failure) in
        try predictor.predict(prompt, multimask: prompt.box == nil)
      }
      logits.append(prediction.lowResolutionLogits[prediction.best])
    }
    return (predictor.imageEmbedding?.floats() ?? [], logits)
  }
}

extension ModelComparison {
  // MARK: - Clips

  /// Compares one clip; returns the free run's mask with the lowest agreement, if any differ.
  private mutating func compare(
    _ task: ClipTask, _ progress: (Int) -> Void
  ) throws(Failure) -> MaskExample? {
    var run = try ClipRun(task, reference: reference, candidate: candidate)
    while try run.next(&clocks) { progress(run.agreement.frameCount) }
    clips.append(run.agreement)
    return try run.example()
  }
}

extension Prompt {
  /// "click 120, 84" or "box 10, 20, 90, 80".
  var summary: String {
    func text(_ values: [Float]) -> String {
      values.map { String(Int($0.rounded())) }.joined(separator: ", ")
    }
    if let box { return "box \(text([box.x0, box.y0, box.x1, box.y1]))" }
    return "click " + points.map { text([$0.x, $0.y]) }.joined(separator: "; ")
  }
}
