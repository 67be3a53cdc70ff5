import Bytes
import SAM2
import Synchronization

/// A tracker held by a C caller; calls use it one at a time.
final class TrackerObject: Sendable {
  private let tracker: Guarded<StreamingTracker>
  private let width: Int
  private let height: Int
  private let side: Int

  /// Resumes from the file `resuming`, if given.
  init(
    _ model: SegmentationModel, width: Int, height: Int, options: VideoOptions,
    resuming: String? = nil
  ) throws(Failure) {
    (self.width, self.height) = (width, height)
    side = model.configuration.maskSide
    if let resuming {
      tracker = Guarded(
        try StreamingTracker(
          model, resuming: resuming, width: width, height: height, options: options))
    } else {
      tracker = Guarded(
        try StreamingTracker(model, width: width, height: height, options: options))
    }
  }

  func push(_ picture: RGBImage) throws(Failure) -> ResultObject {
    let frame = try tracker.withLock { tracker throws(Failure) in try tracker.push(picture) }
    return ResultObject(FrameMasks(frame, side: side))
  }

  func add(_ prompt: PromptArgument, object: Int) throws(Failure) -> ResultObject {
    try prompt.requireVideoPrompt()
    let frame = try tracker.withLock { tracker throws(Failure) in
      if let mask = prompt.mask { return try tracker.addMask(object: object, mask: mask) }
      return try tracker.addPoints(
        object: object, points: prompt.points, box: prompt.box,
        clearOldPoints: !prompt.keepsOldPoints)
    }
    let notices = Prompt.notices(
      points: prompt.points, box: prompt.box, width: width, height: height)
    return ResultObject(FrameMasks(frame, side: side), notices: notices)
  }

  func remove(_ object: Int) throws(Failure) {
    try tracker.withLock { tracker throws(Failure) in try tracker.removeObject(object) }
  }

  func reset() { tracker.withLock { $0.reset() } }

  var objects: [Int] { tracker.withLock { $0.objectIDs } }

  func save(to path: String) throws(Failure) {
    try tracker.withLock { tracker throws(Failure) in try tracker.saveState(to: path) }
  }
}
