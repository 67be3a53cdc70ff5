import Bytes
public import Media

extension InteractionScript {
  /// What playing a script gives, as it happens.
  public enum Event: Sendable {
    /// Masks right after the annotation, clearing or removal of action `action`.
    case edited(FrameResult, action: Int)
    /// Masks of a tracked frame.
    case tracked(FrameResult, Propagation.Progress, action: Int)
  }

  /// Plays the script on `predictor`.
  ///
  /// Results that no later action can touch are dropped as soon as possible, so that a script that
  /// ends with one propagation runs in bounded memory.
  /// - Parameters:
  ///   - predictor: a predictor that has not been annotated yet
  ///   - loadMask: reads a mask file as the script names it
  ///   - handle: called for each result
  /// - Throws: `Failure`s say which action they come from; what `loadMask` and `handle` throw;
  ///   `CancellationError` when the task is cancelled.
  public func run(
    on predictor: VideoPredictor, loadMask: (String) throws -> BinaryMask,
    handle: (Event) throws -> Void
  ) throws {
    for (index, action) in actions.enumerated() {
      do {
        try run(action, index, on: predictor, loadMask: loadMask, handle: handle)
      } catch var failure as Failure {
        failure.place = "actions[\(index)]" + (failure.place.map { ", \($0)" } ?? "")
        throw failure
      }
    }
  }

  private func run(
    _ action: Action, _ index: Int, on predictor: VideoPredictor,
    loadMask: (String) throws -> BinaryMask, handle: (Event) throws -> Void
  ) throws {
    switch action {
    case .addPoints(let frame, let object, let points, let box, let clearOldPoints):
      let result = try predictor.addPoints(
        frame: frame, object: object, points: points, box: box, clearOldPoints: clearOldPoints)
      try handle(.edited(result, action: index))
    case .addMask(let frame, let object, let file):
      let result = try predictor.addMask(frame: frame, object: object, mask: loadMask(file))
      try handle(.edited(result, action: index))
    case .propagate(let start, let maxFrames, let isReverse):
      try predictor.propagate(
        start: start, maxFrames: maxFrames, reverse: isReverse,
        keepsHistory: index < actions.count - 1
      ) { result, progress in
        try handle(.tracked(result, progress, action: index))
        return true
      }
    case .clearFrame(let frame, let object):
      try handle(.edited(predictor.clearFrame(frame, object: object), action: index))
    case .removeObject(let object):
      for result in try predictor.removeObject(object) {
        try handle(.edited(result, action: index))
      }
    case .reset: predictor.reset()
    }
  }
}
