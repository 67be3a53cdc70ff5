internal import Bytes
internal import Media
internal import SAM2
internal import Tensors

/// Two models progressing through a clip: the reference, the candidate with its own memory, and the
/// candidate with the reference's memory.
struct ClipRun {
  private(set) var agreement: ClipAgreement
  private let task: ClipTask
  private let reference: SegmentationModel
  private let candidate: SegmentationModel
  private let expected: Runner
  private let free: Runner
  private let forced: Runner
  private let clicks: [Prompt.Point]
  private var worst: Worst?

  /// One model progressing through the clip.
  private final class Runner {
    let predictor: VideoPredictor
    var propagation: Propagation

    init(
      _ task: ClipTask, _ model: SegmentationModel, _ clicks: [Prompt.Point]
    ) throws(Failure) {
      predictor = try VideoPredictor(model, frames: task.frames())
      for (index, click) in clicks.enumerated() {
        try predictor.addPoints(frame: 0, object: index + 1, points: [click])
      }
      propagation = try predictor.propagation(
        maxFrames: task.frameLimit - 1, keepsHistory: false)
    }
  }

  /// The mask of the free run with the lowest agreement so far.
  private struct Worst {
    let frame: Int
    let object: Int
    let iou: Double
    let reference: Tensor
    let candidate: Tensor
  }

  init(
    _ task: ClipTask, reference: SegmentationModel, candidate: SegmentationModel
  ) throws(Failure) {
    clicks = try task.clicks(prompted: reference)
    (self.task, self.reference, self.candidate) = (task, reference, candidate)
    expected = try Runner(task, reference, clicks)
    free = try Runner(task, candidate, clicks)
    forced = try Runner(task, candidate, clicks)
    agreement = ClipAgreement(name: task.name, objects: clicks.indices.map { .init(id: $0 + 1) })
  }

  /// Processes the next frame; returns false after the last.
  mutating func next(_ clocks: inout StageClocks) throws(Failure) -> Bool {
    // The reference has not advanced to this frame yet. On the first frame, each model answers the
    // clicks.
    if agreement.frameCount > 0 {
      forced.predictor.adoptObjects(of: expected.predictor)
    }
    clocks.measurePeak()
    let name = "tracked frame, \(clicks.count) objects"
    let withMemory = try forced.propagation.next()
    let exact = try clocks.time(name, .reference, reference) { () throws(Failure) in
      try expected.propagation.next()
    }
    let found = try clocks.time(name, .candidate, candidate) { () throws(Failure) in
      try free.propagation.next()
    }
    guard let exact, let found, let withMemory else { return false }
    let truths = task.truths(frame: exact.frame)
    for index in clicks.indices {
      let a = exact.objects[index].lowResolutionLogits
      let b = found.objects[index].lowResolutionLogits
      let c = withMemory.objects[index].lowResolutionLogits
      let mask = BinaryMask(plane: a)
      let iou = BinaryMask(plane: b).intersectionOverUnion(mask)
      agreement.objects[index].free.append(iou)
      agreement.objects[index].forced.append(BinaryMask(plane: c).intersectionOverUnion(mask))
      if index < truths.count {
        let truth = truths[index]
        agreement.objects[index].truths.append(
          TruthAgreement(
            reference: a.mask(width: truth.width, height: truth.height)
              .intersectionOverUnion(truth),
            candidate: b.mask(width: truth.width, height: truth.height)
              .intersectionOverUnion(truth)))
      }
      if iou < worst?.iou ?? 1 {
        worst = Worst(
          frame: exact.frame, object: index + 1, iou: iou, reference: a, candidate: b)
      }
    }
    agreement.frameCount += 1
    return true
  }

  /// The mask with the lowest agreement, over its frame; nil if all are equal.
  func example() throws(Failure) -> MaskExample? {
    guard let worst else { return nil }
    var frames = try task.frames()
    let click = worst.frame == 0 ? Prompt(points: [clicks[worst.object - 1]]) : nil
    return MaskExample(
      name: task.name, detail: "frame \(worst.frame), object \(worst.object)", iou: worst.iou,
      picture: try frames.frame(at: worst.frame), prompt: click, reference: worst.reference,
      candidate: worst.candidate)
  }
}
