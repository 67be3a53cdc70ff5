import Annotations
public import Bytes
import Glibc
public import JSON
public import JobSupport
public import Media
public import SAM2

/// Tracks objects through a live video as prompts arrive and results are delivered.
///
/// Each frame, answer and refused prompt immediately becomes one JSON object, as `Formats/live.md`
/// describes. Not for use from several threads at once.
public final class LiveJob {
  /// The ways a job can end successfully.
  public enum Ending: String, Sendable {
    /// The source has no more frames.
    case ended
    /// By an action, or the limit of frames.
    case stopped
    /// There are no objects, and no more prompts can arrive.
    case nothingLeft = "nothing_left"
    /// By a request from outside.
    case interrupted
  }

  /// Counts so far.
  public private(set) var statistics = LiveStatistics()
  let source: LiveSource
  private let tracker: StreamingTracker
  private let prompts: LivePromptReader?
  private let outputs: LiveOutputs
  private let reading: InputReading
  private let emit: (JSONValue) -> Void
  /// Actions that have not been carried out yet, in order.
  private var waiting: [LiveAction] = []
  /// Holds the masks of prompts from the command line, by the names in their actions.
  private let plan: TrackPlan
  private var isStopped = false
  private var newest: Int?
  private static let waitingLimit = 1000
  /// Milliseconds between checks for a requested end.
  private static let pollInterval: Int32 = 100

  /// Creates a job on `source` that passes each result to `emit`.
  ///
  /// `plan` holds the annotations for the first frame; `prompts` delivers those that come later, or
  /// is nil if there are none.
  /// - Throws: as `LiveOutputChoices` demand: `output.*`, `live.format`, `live.no_viewer`;
  ///   `labels.identifier`.
  public init(
    _ source: LiveSource, on tracker: StreamingTracker, plan: TrackPlan,
    prompts: LivePromptReader?, outputs: LiveOutputChoices, reading: InputReading = InputReading(),
    emit: @escaping (JSONValue) -> Void
  ) throws(Failure) {
    (self.source, self.tracker, self.plan) = (source, tracker, plan)
    (self.prompts, self.reading, self.emit) = (prompts, reading, emit)
    self.outputs = try LiveOutputs(outputs, width: source.width, height: source.height)
    waiting = plan.script.actions.filter { $0.object != nil }.map { LiveAction(.annotate($0)) }
    for action in waiting { try checkObject(action) }
  }

  /// Omissions and choices so far.
  public var notices: [Notice] { source.notices + plan.notices + outputs.notices + maskNotices }

  private var maskNotices: [Notice] = []

  // MARK: - Running

  /// Tracks until the source ends, `stopAfter` frames are tracked, or `cancellation` requests a
  /// stop.
  /// - Throws: `live.broken`, `live.stalled` if the source fails; `live.no_prompts` if there is
  ///   nothing to track and never will be; anything thrown by tracking and writing.
  public func run(stopAfter: Int? = nil, cancellation: Cancellation = .never) throws(Failure)
    -> Ending
  {
    emit(startLine)
    let ending: Ending
    do throws(Failure) {
      ending = try trackFrames(stopAfter ?? .max, cancellation)
    } catch {
      // Existing files stay intact; the first failure is the one to report.
      try? outputs.finish()
      throw error
    }
    try outputs.finish()
    refuseWaiting()
    return ending
  }

  private func trackFrames(
    _ stopAfter: Int, _ cancellation: Cancellation
  ) throws(Failure) -> Ending {
    while true {
      if cancellation.isRequested { return .interrupted }
      if statistics.trackedCount >= stopAfter { return .stopped }
      if newest != nil {
        readPrompts()
        try carryOutPrompts()
        if isStopped { return .stopped }
        if try isNothingLeft() { return .nothingLeft }
      }
      switch try source.take() {
      case .frame(let frame): try track(frame)
      case .end: return .ended
      case .nothing: wait()
      }
      statistics.frames = source.counts
    }
  }

  /// Waits for a frame or a prompt, with a time limit.
  private func wait() {
    let isFull = waiting.count >= LiveJob.waitingLimit
    var descriptors = [
      pollfd(fd: source.readiness, events: Int16(POLLIN), revents: 0),
      pollfd(fd: isFull ? -1 : prompts?.readiness ?? -1, events: Int16(POLLIN), revents: 0),
    ]
    _ = poll(&descriptors, nfds_t(descriptors.count), LiveJob.pollInterval)
  }

  /// Whether no objects are left and none can arrive.
  private func isNothingLeft() throws(Failure) -> Bool {
    guard tracker.objectIDs.isEmpty, waiting.isEmpty, prompts?.isAtEnd ?? true else { return false }
    guard statistics.promptCount > 0 else {
      throw Failure(
        .usage, code: "live.no_prompts",
        "there is nothing to track: no prompt came, and none can come",
        hint: "give --point, --box or --mask-prompt, or prompts on standard input or --prompts-from"
      )
    }
    return true
  }

  private func track(_ frame: LiveFrame) throws(Failure) {
    let start = StageClock.now()
    let result = try tracker.push(frame.picture)
    let found = result.found.annotated()
    let work = (StageClock.now() - start) * 1000
    newest = frame.number
    let latency = (StageClock.now() - frame.arrival) * 1000
    statistics.add(latency: latency, work: work)
    statistics.frames = source.counts
    emit([
      "event": "frame", "frame": .init(frame.number), "seconds": milliseconds(frame.seconds),
      "lag": .init(frame.lag), "dropped": .init(statistics.frames.dropped),
      "milliseconds": milliseconds(work), "latency_milliseconds": milliseconds(latency),
      "objects": objects(of: result, found),
    ])
    try outputs.write(frame, found)
  }

  // MARK: - Prompts

  private func readPrompts() {
    guard let prompts, waiting.count < LiveJob.waitingLimit else { return }
    for (number, action) in prompts.linesSoFar() {
      switch action {
      case .success(let action): waiting.append(action)
      case .failure(let problem): refuse(problem, line: number)
      }
    }
  }

  /// Carries out the actions whose frames have arrived, in order.
  private func carryOutPrompts() throws(Failure) {
    while let action = waiting.first, !isStopped, let newest, action.frame ?? 0 <= newest {
      waiting.removeFirst()
      do throws(Failure) {
        try carryOut(action, on: newest)
      } catch {
        // A mistake on the command line ends the job; one in a line affects only its action.
        guard let line = action.line, error.kind != .internalError else { throw error }
        refuse(error, line: line)
      }
    }
  }

  private func carryOut(_ action: LiveAction, on frame: Int) throws(Failure) {
    // Only an annotation refers to what a person saw.
    if let asked = action.frame, asked < frame, case .annotate = action.step {
      throw Failure(
        .badInput, code: "live.frame", "frame \(asked) has passed; the newest is \(frame)",
        place: action.line.map { "line \($0)" }, hint: "leave \"frame\" out for the newest")
    }
    try checkObject(action)
    var result: FrameResult?
    switch action.step {
    case .annotate(.addPoints(_, let object, let points, let box, let clearOldPoints)):
      result = try tracker.addPoints(
        object: object, points: points, box: box, clearOldPoints: clearOldPoints)
    case .annotate(.addMask(_, let object, let file)):
      result = try tracker.addMask(object: object, mask: try mask(file, of: object, action))
    case .annotate: break
    case .removeObject(let object): try tracker.removeObject(object)
    case .reset: tracker.reset()
    case .stop: isStopped = true
    }
    statistics.promptCount += 1
    emit(answer(to: action, on: frame, result))
  }

  private func mask(
    _ file: String, of object: Int, _ action: LiveAction
  ) throws(Failure) -> BinaryMask {
    // Masks from the command line have already been read.
    guard action.line != nil, let prompts else { return try plan.mask(file) }
    let isWhole = file.hasPrefix("/") || prompts.folder == "."
    let found = try MaskFile(isWhole ? file : "\(prompts.folder)/\(file)", reading).mask(of: object)
    for notice in found.notices { maskNotices.merge(notice) }
    return found.mask
  }

  private func checkObject(_ action: LiveAction) throws(Failure) {
    let possible = outputs.needsSmallNumbers ? 1...255 : 0...999_999
    guard let object = action.object, !possible.contains(object) else { return }
    throw Failure(
      .usage, code: "labels.identifier", "object number \(object) is not in \(possible)",
      place: action.line.map { "line \($0)" },
      hint: outputs.needsSmallNumbers ? "or write --format sav" : nil)
  }

  /// Refuses the actions whose frames never arrived.
  private func refuseWaiting() {
    for action in waiting {
      let frame = action.frame.map { "frame \($0)" } ?? "a frame"
      let problem = Failure(
        .badInput, code: "live.frame", "the job ended before \(frame) came for this action",
        place: action.line.map { "line \($0)" })
      refuse(problem, line: action.line)
    }
    waiting = []
  }

  private func refuse(_ problem: Failure, line: Int?) {
    statistics.refusedCount += 1
    emit([
      "event": "prompt_error", "line": line.map { JSONValue($0) } ?? .null,
      "error": LiveJob.object(problem),
    ])
  }
}
