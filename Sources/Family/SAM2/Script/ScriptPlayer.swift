public import Bytes
public import Media

/// Plays an interaction script step by step, and can stop anywhere and be resumed later.
///
///     let player = ScriptPlayer(script, on: predictor, loadMask: readMask)
///     while let event = try player.next() {
///       if case .tracked(let result, _, _) = event { save(result.frame, result.masks()) }
///     }
///
/// Results that no later action can touch are dropped as soon as possible, so that a script that
/// ends with one propagation runs in bounded memory. An error leaves a state that can be saved, and
/// `next` tries again. Not for use from several threads at once.
public final class ScriptPlayer {
  /// The results of playing a script, as they occur.
  public enum Event: Sendable {
    /// Masks right after the annotation, clearing or removal of action `action`.
    case edited(FrameResult, action: Int)
    /// Masks of a tracked frame.
    case tracked(FrameResult, Propagation.Progress, action: Int)
  }

  public private(set) var script: InteractionScript
  public let predictor: VideoPredictor
  /// Index of the action that is next, or under way.
  public private(set) var action = 0
  /// Whether actions may be appended, so that what was tracked is kept for them.
  public var mayGrow = false

  /// Caller data stored with the state; empty for a player from the start.
  public private(set) var notes: [UInt8] = []

  private let loadMask: (String) throws -> BinaryMask
  private var propagation: Propagation?
  /// Answers of one action that are not handed out yet.
  private var events: [Event] = []

  /// A player at the start of `script`.
  ///
  /// `predictor` must not have been annotated yet, and must use the tracker of the script if that
  /// names one; `loadMask` reads a mask file as the script names it.
  public init(
    _ script: InteractionScript, on predictor: VideoPredictor,
    loadMask: @escaping (String) throws -> BinaryMask
  ) {
    self.script = script
    self.predictor = predictor
    self.loadMask = loadMask
  }

  /// Resumes at the position at which `saveState` found another player of the same script.
  /// - Throws: `file.*`; `state.*`, of them `state.script` when the state is not of this script.
  public convenience init(
    _ script: InteractionScript, on predictor: VideoPredictor, resuming path: String,
    loadMask: @escaping (String) throws -> BinaryMask
  ) throws(Failure) {
    self.init(script, on: predictor, loadMask: loadMask)
    var done = 0
    let (position, notes) = try predictor.restore(from: path) { place throws(Failure) in
      guard let place, place.script == script.checksum, place.done <= script.actions.count else {
        throw Failure(
          .badInput, code: "state.script", "the tracking state belongs to other prompts",
          hint: "resume with the prompts or the script that it was saved with")
      }
      done = Int(place.done)
    }
    action = done
    self.notes = notes
    propagation = position.map { Propagation(predictor, resumingAt: $0) }
  }

  /// Writes the state of the predictor and the place in the script to `path`, all or nothing.
  ///
  /// `notes` are caller data, returned with the state.
  /// `Formats/tracking-state.md` describes the file.
  /// - Throws: what `VideoPredictor.saveState` throws.
  public func saveState(
    to path: String, notes: [UInt8] = [], replaceExisting: Bool = true
  ) throws(Failure) {
    try propagation?.checkCurrent()
    // A propagation that is over leaves no record: its action counts as done.
    let position = propagation?.statePosition
    let isOver = propagation != nil && position == nil
    try predictor.save(
      to: path, position: position,
      place: .init(script: script.checksum, done: UInt32(action + (isOver ? 1 : 0))),
      notes: notes, replaceExisting: replaceExisting)
  }

  /// Plays on to the next answer: that to an annotation, or the next tracked frame.
  /// - Returns: nil when the script is over.
  /// - Throws: `Failure`s that name their action; `script.tracker` when the predictor uses
  ///   another tracker than the script; what `loadMask` throws; `CancellationError` when the task is
  ///   cancelled.
  public func next() throws -> Event? {
    try checkTracker()
    while events.isEmpty {
      guard action < script.actions.count else { return nil }
      do {
        try step()
      } catch var failure as Failure {
        failure.place = "actions[\(action)]" + (failure.place.map { ", \($0)" } ?? "")
        throw failure
      }
    }
    return events.removeFirst()
  }

  /// Adds actions at the end of the script, also after `next` has given nil.
  public func append(_ actions: [InteractionScript.Action]) { script.actions += actions }

  private func checkTracker() throws(Failure) {
    let used = predictor.options.tracker
    guard let tracker = script.tracker, tracker != used else { return }
    throw Failure(
      .usage, code: "script.tracker",
      "the script is for the tracker \(tracker.rawValue), not \(used.rawValue)",
      hint: "choose the tracker of the script")
  }

  /// Does one action, or one frame of a propagation.
  private func step() throws {
    var edited: [FrameResult] = []
    switch script.actions[action] {
    case .addPoints(let frame, let object, let points, let box, let clearOldPoints):
      edited = [
        try predictor.addPoints(
          frame: frame, object: object, points: points, box: box, clearOldPoints: clearOldPoints)
      ]
    case .addMask(let frame, let object, let file):
      edited = [try predictor.addMask(frame: frame, object: object, mask: loadMask(file))]
    case .propagate(let start, let maxFrames, let isReverse):
      guard let result = try track(start, maxFrames, isReverse) else { break }
      events = [result]
      return
    case .clearFrame(let frame, let object):
      edited = [try predictor.clearFrame(frame, object: object)]
    case .removeObject(let object): edited = try predictor.removeObject(object)
    case .reset: predictor.reset()
    }
    events = edited.map { .edited($0, action: action) }
    propagation = nil
    action += 1
  }

  /// The next frame of the propagation, which starts if it is not under way; nil when it is over.
  private func track(_ start: Int?, _ maxFrames: Int?, _ isReverse: Bool) throws -> Event? {
    try Task.checkCancellation()
    var current =
      try propagation
      ?? predictor.propagation(
        start: start, maxFrames: maxFrames, reverse: isReverse,
        keepsHistory: mayGrow || action < script.actions.count - 1)
    // Kept also when the frame fails, so that it can be tried again.
    defer { propagation = current }
    guard let result = try current.next() else { return nil }
    return .tracked(result, current.progress, action: action)
  }
}
