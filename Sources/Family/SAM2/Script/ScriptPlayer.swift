public import Bytes
public import Media

/// Plays an interaction script step by step; it can stop anywhere and be resumed later.
///
///     let player = ScriptPlayer(script, on: predictor, loadMask: readMask)
///     while let event = try player.next() {
///       if case .tracked(let result, _, _) = event { save(result.frame, result.masks()) }
///     }
///
/// Results that no later action can touch are dropped as soon as possible, so that a script ending
/// with one propagation runs in bounded memory. After an error, the state can still be saved, and
/// `next` tries again. Not for use from several threads at once.
public final class ScriptPlayer {
  /// The results of playing a script, as they occur.
  public enum Event: Sendable {
    /// Masks right after the annotation, clearing or removal of action `action`.
    case edited(FrameResult, action: Int)
    /// Masks of a tracked frame.
    case tracked(FrameResult, Propagation.Progress, action: Int)
  }

  /// Finds the objects of a search, given the predictor and the frame tracked last, and returns the
  /// actions that replace the search.
  public typealias Searcher = (
    InteractionScript.Search, VideoPredictor, _ reachedFrame: Int?
  ) throws -> [InteractionScript.Action]

  /// The part of a player's state that searches have determined.
  public struct Growth: Sendable {
    /// The script with the results of searches in their places.
    public var script: InteractionScript
    /// The frame tracked last; nil if there is none yet.
    public var reachedFrame: Int?

    public init(script: InteractionScript, reachedFrame: Int?) {
      (self.script, self.reachedFrame) = (script, reachedFrame)
    }
  }

  /// The script; as it is played, searches are replaced by their results.
  public private(set) var script: InteractionScript
  /// Performs searches; without it they fail.
  public var searcher: Searcher?
  /// The frame tracked last; nil if there is none yet.
  public private(set) var reachedFrame: Int?
  public let predictor: VideoPredictor
  /// Index of the action that is next, or under way.
  public private(set) var action = 0

  /// Caller data stored with the state; empty for a player that was not resumed.
  public private(set) var notes: [UInt8] = []

  /// Checksum of the script as it was given.
  private let identity: UInt32
  private let loadMask: (String) throws -> BinaryMask
  private var propagation: Propagation?
  /// Results of one action that have not been handed out yet.
  private var events: [Event] = []

  /// A player at the start of `script`.
  ///
  /// `predictor` must not have been annotated yet, and must use the script's tracker if it names
  /// one; `loadMask` reads a mask file, given its name in the script.
  public init(
    _ script: InteractionScript, on predictor: VideoPredictor,
    loadMask: @escaping (String) throws -> BinaryMask
  ) {
    self.script = script
    identity = script.checksum
    self.predictor = predictor
    self.loadMask = loadMask
  }

  /// Resumes where another player of the same script was when `saveState` was called.
  ///
  /// `growth` reads, from the state's notes, what searches had determined; nil without searches.
  /// - Throws: `file.*`; `state.*`, including `state.script` when the state is not of this script;
  ///   what `growth` throws.
  public convenience init(
    _ script: InteractionScript, on predictor: VideoPredictor, resuming path: String,
    growth: ([UInt8]) throws(Failure) -> Growth? = { _ throws(Failure) in nil },
    loadMask: @escaping (String) throws -> BinaryMask
  ) throws(Failure) {
    self.init(script, on: predictor, loadMask: loadMask)
    let maySearch = !script.searches.isEmpty
    var done = 0
    let (position, notes) = try predictor.restore(from: path) { place throws(Failure) in
      guard let place, place.script == script.checksum,
        maySearch || place.done <= script.actions.count
      else { throw Self.wrongScript }
      done = Int(place.done)
    }
    if maySearch, let growth = try growth(notes) {
      self.script = growth.script
      reachedFrame = growth.reachedFrame
    }
    guard done <= self.script.actions.count else { throw Self.wrongScript }
    action = done
    self.notes = notes
    propagation = position.map { Propagation(predictor, resumingAt: $0) }
  }

  private static var wrongScript: Failure {
    Failure(
      .badInput, code: "state.script", "the tracking state belongs to other prompts",
      hint: "resume with the prompts or the script that it was saved with")
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
      place: .init(script: identity, done: UInt32(action + (isOver ? 1 : 0))),
      notes: notes, replaceExisting: replaceExisting)
  }

  /// Plays up to the next event: the answer to an annotation, or the next tracked frame.
  /// - Returns: nil when the script is over.
  /// - Throws: `Failure`s that name their action; `script.tracker` when the predictor uses a
  ///   different tracker from the script's; what `loadMask` throws; `CancellationError` when the
  ///   task is cancelled.
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

  private func checkTracker() throws(Failure) {
    let used = predictor.options.tracker
    guard let tracker = script.tracker, tracker != used else { return }
    throw Failure(
      .usage, code: "script.tracker",
      "the script is for the tracker \(tracker.rawValue), not \(used.rawValue)",
      hint: "choose the tracker of the script")
  }

  /// Performs one action, or one frame of a propagation.
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
    case .detect(let search):
      let found = try actions(for: search)
      script.actions.replaceSubrange(action...action, with: found)
      return
    }
    events = edited.map { .edited($0, action: action) }
    propagation = nil
    action += 1
  }

  private func actions(
    for search: InteractionScript.Search
  ) throws -> [InteractionScript.Action] {
    guard let searcher else {
      throw Failure(
        .usage, code: "detector.none", "looking for words needs a detector",
        hint: "give a converted OWLv2 with --detector")
    }
    return try searcher(search, predictor, reachedFrame)
  }

  /// The next frame of the propagation, which is started if it is not under way; nil when it is
  /// over.
  private func track(_ start: Int?, _ maxFrames: Int?, _ isReverse: Bool) throws -> Event? {
    try Task.checkCancellation()
    // A search may find nothing to track.
    if searcher != nil, propagation == nil, predictor.objectIDs.isEmpty { return nil }
    var current =
      try propagation
      ?? predictor.propagation(
        start: start, maxFrames: maxFrames, reverse: isReverse,
        keepsHistory: action < script.actions.count - 1)
    // Kept even when the frame fails, so that it can be tried again.
    defer { propagation = current }
    guard let result = try current.next() else { return nil }
    reachedFrame = result.frame
    return .tracked(result, current.progress, action: action)
  }
}
