import Bytes

extension VideoDriver {
  /// An overlay that is drawn while a video is tracked, and the frames it is drawn on.
  ///
  /// Unchecked: one thread at a time has it, that which writes a frame.
  struct Drawing: @unchecked Sendable {
    let overlay: OverlayDrawing
    let frames: KeptFrames

    /// Draws a frame that was written; false when it is not at hand, or not the next one.
    func add(_ frame: WrittenFrame) throws(Failure) -> Bool {
      guard frame.frame == overlay.drawnCount, let picture = frames.take(frame.frame) else {
        return false
      }
      try overlay.add(frame.frame, picture, frame.picture)
      return true
    }
  }
}
