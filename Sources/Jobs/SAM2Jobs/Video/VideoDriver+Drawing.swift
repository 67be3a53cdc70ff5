import Bytes

extension VideoDriver {
  /// An overlay that is drawn during tracking, and the frames it is drawn on.
  ///
  /// Unchecked: only one thread at a time has it, the one that writes a frame.
  struct Drawing: @unchecked Sendable {
    let overlay: OverlayDrawing
    let frames: KeptFrames

    /// Draws a written frame; returns false if it is not available or not the next one.
    func add(_ frame: WrittenFrame) throws(Failure) -> Bool {
      guard frame.frame == overlay.drawnCount, let picture = frames.take(frame.frame) else {
        return false
      }
      try overlay.add(frame.frame, picture, frame.picture)
      return true
    }
  }
}
