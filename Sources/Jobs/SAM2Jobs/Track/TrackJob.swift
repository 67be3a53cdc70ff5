public import Annotations
public import Bytes
public import JSON
public import JobSupport
public import Media
public import Runtime
public import SAM2

/// Plays a plan on a video and writes masks, overlays and annotations.
public final class TrackJob {
  public let outputs: TrackOutputs
  private let driver: VideoDriver
  private let source: FrameSource
  private let names: FrameNames
  private let planNotices: [Notice]
  /// Performs the plan's searches; nil if it has none.
  private let words: WordTracking?

  /// Creates a job, either from the start or from the point at which the state file `resuming` was
  /// saved.
  ///
  /// `context` is completed with the predictor's facts about the video `video`. If `decoded`, the
  /// frames that the predictor reads, is given, overlays are drawn during tracking where possible:
  /// in a single pass from the first frame to the last.
  /// - Throws: `file.*`, `state.*`; `output.same_name` if frames share a name; `output.exists` as
  ///   `TrackOutputs.checkEarlier`.
  public init(
    _ plan: TrackPlan, on predictor: VideoPredictor, resuming: String? = nil,
    outputs: TrackOutputs, keepsReport: Bool, context: AnnotationContext = AnnotationContext(),
    video: String, source: FrameSource, words: WordTracking? = nil, decoded: DecodedFrames? = nil
  ) throws(Failure) {
    self.words = words
    self.outputs = outputs
    let player: ScriptPlayer
    if let resuming {
      player = try ScriptPlayer(
        plan.script, on: predictor, resuming: resuming,
        growth: { notes throws(Failure) in
          guard let words else { return nil }
          defer { words.resume() }
          return try SearchNotes.growth(in: notes, restoring: words.labels)
        }, loadMask: { try plan.mask($0) })
    } else {
      player = ScriptPlayer(plan.script, on: predictor) { try plan.mask($0) }
    }
    let description = try VideoDescription(
      source, of: video, frameCount: predictor.frameCount)
    (self.source, names) = (source, description.names)
    if resuming == nil { try outputs.checkEarlier(plan, on: source) }
    let earlier = resuming == nil ? try outputs.earlierResults(plan, on: source) : nil
    planNotices =
      (earlier?.notices ?? []) + plan.notices
      + plan.promptNotices(width: predictor.width, height: predictor.height)
    let writer = FrameWriter(
      outputs, description, context,
      removing: earlier, labels: words?.labels ?? FoundLabels())
    var drawing: VideoDriver.Drawing?
    if let decoded, outputs.drawsOverlay, words == nil, resuming == nil, plan.isOneForwardPass {
      let overlay = try OverlayDrawing(
        outputs.overlay, of: source, names, frameCount: predictor.frameCount,
        marks: plan.script.marks)
      drawing = VideoDriver.Drawing(overlay: overlay, frames: decoded.kept)
    }
    driver = VideoDriver(
      player, into: writer,
      ledger: VideoLedger(keepsMasks: outputs.needsAllMasks, keepsReport: keepsReport),
      words: words, drawing: drawing)
    if let resuming { try driver.restoreLedger(from: resuming, picture: description.picture) }
  }

  /// Plays the plan to its end, or until `stopAfter` frames are tracked or `cancellation` requests
  /// a stop; `progress` is called after each frame.
  ///
  /// `skipped` is called with each frame omitted because it cannot be read, and the reason.
  public func track(
    stopAfter: Int? = nil, cancellation: Cancellation = .never,
    progress: @escaping (Propagation.Progress) -> Void = { _ in },
    skipped: @escaping (Int, Failure) -> Void = { _, _ in }
  ) throws {
    try driver.play(
      stopAfter: stopAfter, cancellation: cancellation,
      events: .init(progress: progress, skipped: skipped))
  }

  /// Writes the files about the whole video.
  /// - Returns: their paths.
  public func finish() throws(Failure) -> [String] { try driver.finish() }

  /// Whether the overlay was already drawn while the video was tracked.
  public var isOverlayDrawn: Bool { driver.isDrawn }

  /// Draws the written masks over all frames of the video, reopened as `source`.
  public func drawOverlay(
    on source: FrameSource, progress: (Int, Int) -> Void
  ) throws {
    try driver.draw(outputs.overlay, on: source, names, marks: driver.marks, progress: progress)
  }

  /// Saves the state of the job so that it can be resumed later.
  public func saveState(to path: String) throws(Failure) { try driver.saveState(to: path) }

  /// The job's script, with completed searches replaced by their results.
  public var script: InteractionScript { driver.script }

  // MARK: - Reporting

  /// Whether the plan has been played to its end.
  public var isOver: Bool { driver.isOver }

  /// Omissions and choices so far, and whether the video ended early.
  public var notices: [Notice] { source.notices + planNotices + (words?.notices ?? []) }

  /// Whether the results lack anything that the video should have given.
  public var isIncomplete: Bool { skippedCount > 0 || notices.contains(where: \.isIncomplete) }

  /// Whether words were looked for and there are no objects, neither found nor pointed at.
  public var foundNothing: Bool { words != nil && isOver && objectCount == 0 }

  /// Number of skipped frames.
  public var skippedCount: Int { driver.ledger.skipped.count }

  /// The latest masks of all frames, in order; empty unless `TrackOutputs.needsAllMasks`.
  public var pictures: [AnnotatedPicture] { driver.ledger.pictures }

  public var trackedFrameCount: Int { driver.trackedFrameCount }

  /// Seconds spent tracking.
  public var trackedSeconds: Double { driver.clock["track"] / 1000 }

  public var objectCount: Int { predictor.objectIDs.count }

  private var predictor: VideoPredictor { driver.predictor }

  /// The graphs that have run, by name, with their timings.
  public var stages: [(name: String, timing: GraphTiming)] {
    let timings = predictor.model.program?.timings ?? [:]
    return timings.filter { $0.value.calls > 0 }.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
  }

  /// The members of the JSON report.
  public var report: [(key: String, value: JSONValue)] {
    let graphs = stages.map { name, timing in
      (
        key: name,
        value: [
          "calls": .init(timing.calls), "total": milliseconds(timing.seconds * 1000),
        ] as JSONValue
      )
    }
    let found = words.map { [(key: "objects", value: JSONValue.array($0.labels.report))] }
    return [
      ("width", .init(predictor.width)), ("height", .init(predictor.height)),
      ("frame_count", .init(predictor.frameCount)), ("finished", .bool(isOver)),
      ("frames", .array(driver.ledger.report)), ("skipped", .array(driver.ledger.skipReport)),
      ("milliseconds", driver.clock.json), ("graph_milliseconds", .object(graphs)),
    ] + (found ?? [])
  }
}
