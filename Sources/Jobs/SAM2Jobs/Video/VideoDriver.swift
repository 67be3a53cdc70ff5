import Annotations
import Bytes
import JobSupport
import Media
import SAM2

/// Plays a plan on a video and passes the results to a sink, for `sam2 track` and for videos in a
/// batch.
final class VideoDriver {
  private let player: ScriptPlayer
  private let sink: any FrameSink
  private(set) var ledger: VideoLedger
  private(set) var clock = StageClock()
  /// The frame that is being written while the next is tracked.
  private var writing: BackgroundWork<Outcome>?
  /// Answers to annotations that have not been written yet, oldest first.
  private var pending: [FrameResult] = []
  /// The files of each frame, to be replaced by its next result.
  private var files: [Int: [String]] = [:]
  /// Number of skipped frames that the ledger contains.
  private var knownSkipCount = 0
  private(set) var trackedFrameCount = 0
  /// Whether the plan has been played to its end.
  private(set) var isOver = false
  /// Performs the plan's searches; nil if it has none.
  private let words: WordTracking?
  /// Drawn while frames are tracked; nil if there is nothing to draw, or if a frame was missed.
  private var drawing: Drawing?
  /// Whether the overlay was drawn while frames were tracked.
  private(set) var isDrawn = false

  var predictor: VideoPredictor { player.predictor }

  /// The result of writing one frame, and the time it took.
  private struct Outcome: Sendable {
    let result: Result<WrittenFrame, Failure>
    let milliseconds: Double
    /// Whether the overlay has the frame, and the time taken; nil if there is no overlay.
    var drawing: (result: Result<Bool, Failure>, milliseconds: Double)?
  }

  /// Callbacks while a video is played.
  struct Events {
    /// Called after each tracked frame.
    var progress: (Propagation.Progress) -> Void = { _ in }
    /// Called with each frame omitted because it cannot be read, and the reason.
    var skipped: (Int, Failure) -> Void = { _, _ in }
  }

  init(
    _ player: ScriptPlayer, into sink: any FrameSink, ledger: VideoLedger,
    words: WordTracking? = nil, drawing: Drawing? = nil
  ) {
    self.player = player
    self.words = words
    if let words {
      player.searcher = { search, predictor, reached in
        try words.actions(for: search, on: predictor, reachedFrame: reached)
      }
    }
    self.drawing = drawing
    drawing?.frames.start()
    self.sink = sink
    self.ledger = ledger
  }

  /// Restores what the stopped job of the state file `path` recorded; `picture` describes a frame
  /// and its masks.
  /// - Throws: `state.report`, `state.notes`.
  func restoreLedger(
    from path: String, picture: (Int, [AnnotatedMask]) -> AnnotatedPicture
  ) throws(Failure) {
    do {
      try ledger.restore(
        player.notes, width: predictor.width, height: predictor.height,
        labels: words?.labels ?? FoundLabels(), picture: picture)
    } catch {
      throw error.about(file: path)
    }
  }

  /// Saves the state of the job so that it can be resumed later.
  func saveState(to path: String) throws(Failure) {
    let growth = words.map { SearchNotes(player, $0.labels).json }
    try player.saveState(to: path, notes: ledger.notes(searches: growth))
  }

  /// The clicks and boxes on each frame, as drawn on overlays.
  var marks: [Int: [Overlay.Prompt]] { script.marks }
  /// The script, with completed searches replaced by their results.
  var script: InteractionScript { player.script }

  // MARK: - Playing

  /// Plays the plan to its end, or until `stopAfter` frames are tracked or `cancellation` requests
  /// a stop.
  ///
  /// Answers to annotations are held until the tracking that follows them, so that a mistake in a
  /// later annotation leaves no files.
  func play(stopAfter: Int?, cancellation: Cancellation, events: Events) throws {
    defer { noteSkips(events) }
    do {
      try playFrames(stopAfter, cancellation, events)
    } catch {
      // Leave nothing half written; the first failure is the one to report.
      try? finishWriting()
      throw error
    }
    try finishWriting()
  }

  private func playFrames(
    _ stopAfter: Int?, _ cancellation: Cancellation, _ events: Events
  ) throws {
    var lapStart = StageClock.now()
    while trackedFrameCount < stopAfter ?? Int.max, !cancellation.isRequested {
      let event = try player.next()
      // Searched frames on which nothing was found also have results.
      if let count = words?.takeEmptyFrameCount(), count > 0 { try writeNothing(before: count) }
      guard let event else {
        isOver = true
        break
      }
      let lap = (StageClock.now() - lapStart) * 1000
      noteSkips(events)
      switch event {
      case .edited(let result, _):
        clock.add("annotate", milliseconds: lap)
        pending.append(result)
      case .tracked(let result, let done, _):
        clock.add("track", milliseconds: lap)
        trackedFrameCount += 1
        try writePending()
        try write(result, lap: lap)
        events.progress(done)
      }
      lapStart = StageClock.now()
    }
    try writePending()
  }

  /// Records and reports the frames omitted since the last call.
  private func noteSkips(_ events: Events) {
    let found = predictor.skippedFrames
    guard found.count > knownSkipCount else { return }
    knownSkipCount = found.count
    for (frame, failure) in found.sorted(by: { $0.key < $1.key }) where !ledger.isSkipped(frame) {
      ledger.skip(frame, failure)
      events.skipped(frame, failure)
    }
  }

  // MARK: - Writing

  private func writePending() throws(Failure) {
    for result in pending { try write(result, lap: nil) }
    pending = []
  }

  /// Starts writing `result` once the previous frame is written.
  private func write(_ result: FrameResult, lap: Double?) throws(Failure) {
    try finishWriting()
    let (sink, earlier) = (sink, files[result.frame] ?? [])
    // Answers to annotations will be replaced when their frames are tracked.
    let drawing = lap == nil ? nil : drawing
    writing = BackgroundWork {
      let start = StageClock.now()
      let written = Result { () throws(Failure) in
        try sink.write(result, lap: lap, replacing: earlier)
      }
      let middle = StageClock.now()
      var outcome = Outcome(result: written, milliseconds: (middle - start) * 1000)
      if let drawing, case .success(let frame) = written {
        let drawn = Result { () throws(Failure) in try drawing.add(frame) }
        outcome.drawing = (drawn, (StageClock.now() - middle) * 1000)
      }
      return outcome
    }
  }

  /// Waits for the frame that is being written.
  private func finishWriting() throws(Failure) {
    guard let outcome = writing?.value() else { return }
    writing = nil
    clock.add("write", milliseconds: outcome.milliseconds)
    let written = try outcome.result.get()
    ledger.remember(written.picture.compact)
    ledger.remember(written.entry, of: written.frame)
    files[written.frame] = written.files.isEmpty ? nil : written.files
    guard let drawn = outcome.drawing else { return }
    clock.add("overlay", milliseconds: drawn.milliseconds)
    if try !drawn.result.get() { stopDrawing() }
  }

  /// Leaves drawing the overlay to a second pass.
  private func stopDrawing() {
    drawing?.frames.stop()
    drawing = nil
  }

  /// Writes the frames before frame `end`, without any objects.
  private func writeNothing(before end: Int) throws(Failure) {
    for frame in 0..<end {
      let result = FrameResult(
        frame: frame, objects: [], width: predictor.width, height: predictor.height)
      try write(result, lap: nil)
    }
    try finishWriting()
  }

  /// Writes the files about the whole video.
  /// - Returns: their paths.
  func finish() throws(Failure) -> [String] {
    try finishDrawing()
    return try clock.time("write") { () throws(Failure) in
      try sink.finish(ledger.pictures, frameCount: predictor.frameCount)
    }
  }

  private func finishDrawing() throws(Failure) {
    guard let drawing, drawing.overlay.isComplete(frameCount: predictor.frameCount) else {
      return stopDrawing()
    }
    try clock.time("overlay") { () throws(Failure) in try drawing.overlay.finish() }
    isDrawn = true
    stopDrawing()
  }

  /// Draws the written masks over all frames of the video, reopened as `source`, in order.
  ///
  /// This is a second pass, because tracking may go backwards and later passes replace earlier
  /// results.
  func draw(
    _ overlay: VideoOverlay, on source: FrameSource, _ names: FrameNames,
    marks: [Int: [Overlay.Prompt]], progress: (Int, Int) throws -> Void
  ) throws {
    try clock.time("overlay") {
      try overlay.draw(
        on: source, names, frameCount: predictor.frameCount, masks: ledger.masks, marks: marks,
        progress: progress)
    }
  }
}
