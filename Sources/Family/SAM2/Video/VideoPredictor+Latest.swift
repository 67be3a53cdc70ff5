public import Bytes

extension VideoPredictor {
  /// The newest masks of all objects on `frame`, annotated or tracked there; empty masks for
  /// objects without a result there.
  /// - Throws: `track.frame`.
  public func latestResult(on frame: Int) throws(Failure) -> FrameResult {
    try checkFrame(frame)
    return result(
      on: frame,
      outputs: objects.map { object in
        (
          object.id,
          object.pendingConditioning[frame] ?? object.latest(frame, pendingConditioning: false)
        )
      })
  }
}
