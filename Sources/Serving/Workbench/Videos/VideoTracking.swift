import Bytes
import JSON
import Media
public import SAM2

/// The tracking of one video, used by one thread at a time.
///
/// Corrected frames condition those around them, so that a correction is preserved when the video
/// is tracked again.
struct VideoTracking {
  private let predictor: VideoPredictor
  private var propagation: Propagation?
  /// All actions so far, as a script that repeats them.
  private(set) var actions: [InteractionScript.Action]

  static let options: VideoOptions = {
    var options = VideoOptions()
    options.correctionsCondition = true
    return options
  }()

  init(_ predictor: VideoPredictor, actions: [InteractionScript.Action] = []) {
    self.predictor = predictor
    self.actions = actions
  }

  var frameCount: Int { predictor.frameCount }
  var width: Int { predictor.width }
  var height: Int { predictor.height }
  var objectIDs: [Int] { predictor.objectIDs }

  // MARK: - Before prompts

  /// Frames that have been encoded recently.
  var encodedFrames: [Int] { predictor.encodedFrames }

  /// Does the work shared by all prompts for `object` on `frame`.
  func encode(frame: Int, for object: Int) throws(Failure) {
    try predictor.encode(frame: frame, for: object)
  }

  func isEncoded(frame: Int, for object: Int) -> Bool {
    predictor.isEncoded(frame: frame, for: object)
  }

  /// The answer to a prompt that has not been given yet.
  func preview(_ prompt: VideoPrompt) throws(Failure) -> FrameResult {
    try predictor.preview(
      frame: prompt.frame, object: prompt.object, points: prompt.points, box: prompt.box,
      clearOldPoints: prompt.clearsOldPoints)
  }

  // MARK: - Prompts

  mutating func addPoints(_ prompt: VideoPrompt) throws(Failure) -> [FrameResult] {
    let result = try predictor.addPoints(
      frame: prompt.frame, object: prompt.object, points: prompt.points, box: prompt.box,
      clearOldPoints: prompt.clearsOldPoints)
    actions.append(
      .addPoints(
        frame: prompt.frame, object: prompt.object, points: prompt.points, box: prompt.box,
        clearOldPoints: prompt.clearsOldPoints))
    return [result]
  }

  /// A mask has no file yet: exports of the script name it after frame and object.
  mutating func addMask(
    _ mask: BinaryMask, frame: Int, object: Int
  ) throws(Failure) -> [FrameResult] {
    let result = try predictor.addMask(frame: frame, object: object, mask: mask)
    actions.append(
      .addMask(frame: frame, object: object, file: VideoTracking.maskFile(frame, object)))
    return [result]
  }

  static func maskFile(_ frame: Int, _ object: Int) -> String {
    "prompts/\(frame)_\(object).png"
  }

  mutating func clear(frame: Int, object: Int) throws(Failure) -> [FrameResult] {
    let result = try predictor.clearFrame(frame, object: object)
    actions.append(.clearFrame(frame: frame, object: object))
    return [result]
  }

  mutating func remove(object: Int) throws(Failure) -> [FrameResult] {
    let results = try predictor.removeObject(object)
    actions.append(.removeObject(object))
    return results
  }

  mutating func reset() {
    predictor.reset()
    actions = []
  }

  // MARK: - Tracking

  mutating func start(_ range: TrackingRange) throws(Failure) -> Int {
    propagation = try predictor.propagation(
      start: range.start, maxFrames: range.maxFrames, reverse: range.isReverse)
    actions.append(
      .propagate(start: range.start, maxFrames: range.maxFrames, isReverse: range.isReverse))
    return propagation?.progress.total ?? 0
  }

  /// The next frame; nil if there are no more.
  mutating func next() throws(Failure) -> (result: FrameResult, progress: Propagation.Progress)? {
    guard let result = try propagation?.next(), let progress = propagation?.progress else {
      propagation = nil
      return nil
    }
    return (result, progress)
  }

  mutating func stop() { propagation = nil }

  // MARK: - Saving

  func save(to path: String) throws(Failure) { try predictor.saveState(to: path) }

  func restore(from path: String) throws(Failure) { _ = try predictor.restoreState(from: path) }

  /// The frames on which each object is annotated, from the actions: the dots in its lane.
  var prompts: [(object: Int, frame: Int)] {
    var found: [(object: Int, frame: Int)] = []
    for action in actions {
      switch action {
      case .addPoints(let frame, let object, _, _, _), .addMask(let frame, let object, _):
        if !found.contains(where: { $0 == (object, frame) }) { found.append((object, frame)) }
      case .clearFrame(let frame, let object):
        found.removeAll { $0 == (object, frame) }
      case .removeObject(let object): found.removeAll { $0.object == object }
      case .propagate, .reset, .detect: break
      }
    }
    return found
  }
}

/// Clicks or a box on one object of one frame.
public struct VideoPrompt: Sendable {
  public var frame: Int
  public var object: Int
  public var points: [Prompt.Point]
  public var box: Prompt.Box?
  public var clearsOldPoints: Bool

  public init(
    frame: Int, object: Int, points: [Prompt.Point] = [], box: Prompt.Box? = nil,
    clearsOldPoints: Bool = true
  ) {
    (self.frame, self.object, self.points) = (frame, object, points)
    (self.box, self.clearsOldPoints) = (box, clearsOldPoints)
  }
}

/// The frames to track.
public struct TrackingRange: Sendable {
  /// Nil for the first annotated frame.
  public var start: Int?
  /// Maximum number of frames after the first; nil for all.
  public var maxFrames: Int?
  public var isReverse: Bool

  public init(start: Int? = nil, maxFrames: Int? = nil, isReverse: Bool = false) {
    (self.start, self.maxFrames, self.isReverse) = (start, maxFrames, isReverse)
  }
}
