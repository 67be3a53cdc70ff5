public import Annotations
public import Bytes
public import JSON
public import JobSupport
public import Media
import Runtime
public import SAM2

/// Plays a plan on a video and writes what comes out.
public final class TrackJob {
  private let player: ScriptPlayer
  public let outputs: TrackOutputs
  private let annotations: AnnotationFolder
  private let writer: FrameWriter
  /// The frame that is being written while the next one is tracked.
  private var writing: BackgroundWork<FrameWriter.Outcome>?
  private var ledger: TrackLedger
  private var clock = StageClock()
  /// Answers to annotations that are not written yet, oldest first.
  private var pending: [FrameResult] = []
  public private(set) var trackedFrameCount = 0
  /// How many of the predictor's skipped frames the ledger has.
  private var knownSkipCount = 0

  /// Whether the plan has been played to its end.
  public private(set) var isOver = false

  private var predictor: VideoPredictor { player.predictor }

  /// A job from its start, or where the state file `resuming` says.
  ///
  /// `context` is completed with what the predictor knows about the video `video`.
  /// - Throws: `file.*`, `state.*`.
  public init(
    _ plan: TrackPlan, on predictor: VideoPredictor, resuming: String? = nil,
    outputs: TrackOutputs, keepsReport: Bool, context: AnnotationContext = AnnotationContext(),
    video: String, source: FrameSource
  ) throws(Failure) {
    ledger = TrackLedger(keepsMasks: outputs.needsAllMasks, keepsReport: keepsReport)
    if let resuming {
      player = try ScriptPlayer(plan.script, on: predictor, resuming: resuming) {
        try plan.mask($0)
      }
    } else {
      player = ScriptPlayer(plan.script, on: predictor) { try plan.mask($0) }
    }
    self.outputs = outputs
    let description = VideoDescription(source, of: video, frameCount: predictor.frameCount)
    annotations = outputs.annotations(context.about(description.facts))
    writer = FrameWriter(
      outputs: outputs, annotations: annotations, description: description)
    if let resuming { try restoreLedger(from: resuming) }
  }

  private func restoreLedger(from path: String) throws(Failure) {
    do {
      try ledger.restore(player.notes, width: predictor.width, height: predictor.height) {
        writer.description.picture($0, $1)
      }
    } catch {
      throw error.about(file: path)
    }
  }

  /// Plays the plan to its end, or until `stopAfter` frames are tracked or `cancellation` asks for
  /// an end; `progress` is called after each frame.
  ///
  /// `skipped` is called with each frame that is left out because it cannot be read, and the reason.
  ///
  /// Answers to annotations wait for the tracking that follows them, so that a mistake in a later
  /// annotation leaves no files.
  public func track(
    stopAfter: Int? = nil, cancellation: Cancellation = .never,
    progress: (Propagation.Progress) -> Void = { _ in },
    skipped: (Int, Failure) -> Void = { _, _ in }
  ) throws {
    defer { noteSkips(skipped) }
    do {
      try play(stopAfter, cancellation, progress: progress, skipped: skipped)
    } catch {
      // Nothing is left half written; the first failure is the one to tell.
      try? finishWriting()
      throw error
    }
    try finishWriting()
  }

  private func play(
    _ stopAfter: Int?, _ cancellation: Cancellation,
    progress: (Propagation.Progress) -> Void, skipped: (Int, Failure) -> Void
  ) throws {
    var lapStart = StageClock.now()
    while trackedFrameCount < stopAfter ?? Int.max, !cancellation.isRequested {
      guard let event = try player.next() else {
        isOver = true
        break
      }
      let lap = (StageClock.now() - lapStart) * 1000
      noteSkips(skipped)
      switch event {
      case .edited(let result, _):
        clock.add("annotate", milliseconds: lap)
        pending.append(result)
      case .tracked(let result, let done, _):
        clock.add("track", milliseconds: lap)
        trackedFrameCount += 1
        try writePending()
        try write(result, lap: lap)
        progress(done)
      }
      lapStart = StageClock.now()
    }
    try writePending()
  }

  /// How many frames are left out.
  public var skippedCount: Int { ledger.skipped.count }

  /// Remembers and tells what has been left out since the last call.
  private func noteSkips(_ tell: (Int, Failure) -> Void) {
    let found = predictor.skippedFrames
    guard found.count > knownSkipCount else { return }
    knownSkipCount = found.count
    for (frame, failure) in found.sorted(by: { $0.key < $1.key }) where !ledger.isSkipped(frame) {
      ledger.skip(frame, failure)
      tell(frame, failure)
    }
  }

  /// Saves where the job stands, to go on later.
  public func saveState(to path: String) throws(Failure) {
    try player.saveState(to: path, notes: ledger.notes)
  }

  private func writePending() throws(Failure) {
    for result in pending { try write(result, lap: nil) }
    pending = []
  }

  /// Starts to write `result`, once the frame before it is written.
  private func write(_ result: FrameResult, lap: Double?) throws(Failure) {
    try finishWriting()
    writing = writer.start(result, lap: lap)
  }

  /// Waits for the frame that is being written.
  private func finishWriting() throws(Failure) {
    guard let outcome = writing?.value() else { return }
    writing = nil
    clock.add("write", milliseconds: outcome.milliseconds)
    let written = try outcome.result.get()
    ledger.remember(written.picture)
    if ledger.keepsReport { ledger.remember(written.entry, of: written.frame) }
  }

  /// Writes the files about the whole video.
  /// - Returns: their paths.
  public func finish() throws(Failure) -> [String] {
    try clock.time("write") { () throws(Failure) in try annotations.finish(ledger.pictures) }
  }

  // MARK: - Overlay

  /// Draws the written masks over all frames of the video, opened again, in their order.
  ///
  /// A second pass, because tracking may go backwards, and later passes replace earlier results.
  public func drawOverlay(
    on source: FrameSource, _ marks: [Int: [Overlay.Prompt]], progress: (Int, Int) -> Void
  ) throws(Failure) {
    try clock.time("overlay") { () throws(Failure) in
      try outputs.drawOverlay(
        on: source, frameCount: predictor.frameCount, masks: ledger.masks, marks: marks,
        progress: progress)
    }
  }

  // MARK: - Reporting

  /// Seconds spent tracking.
  public var trackedSeconds: Double { clock["track"] / 1000 }

  public var objectCount: Int { predictor.objectIDs.count }

  /// The graphs that have run, by name, with their times.
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
    return [
      ("width", .init(predictor.width)), ("height", .init(predictor.height)),
      ("frame_count", .init(predictor.frameCount)),
      ("finished", .bool(isOver)), ("frames", .array(ledger.report)),
      ("skipped", .array(ledger.skipReport)),
      ("milliseconds", clock.json), ("graph_milliseconds", .object(graphs)),
    ]
  }
}
