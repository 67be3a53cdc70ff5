public import Bytes
public import JSON
import Media
import SAM2
import Synchronization

// Before prompts: encoding frames while a person looks at them, masks under a moving pointer,
// names.

extension VideoDesk {
  /// Encodes `frame`, so that prompts on `object` there are quick.
  /// - Throws: `serve.busy`; `serve.object`, `track.frame`; any error from reading the frame.
  public func encode(_ frame: Int, for object: Int, of session: VideoSession) async throws {
    try checkObject(object)
    try checkIdle(session)
    guard !session.facts.isEncoded(frame: frame, for: object) else { return }
    try await scheduler.run(.encode) { _ in
      try session.tracking.withLock { (tracking) throws(Failure) in
        try tracking.encode(frame: frame, for: object)
        session.note(.init(tracking))
      }
    }
  }

  /// The mask that `prompt` would give, at `size` or the size of the video; nothing is changed.
  /// - Throws: as `add`.
  public func preview(
    _ prompt: VideoPrompt, size: (width: Int, height: Int)?, on session: VideoSession
  ) async throws -> JSONValue {
    try await encode(prompt.frame, for: prompt.object, of: session)
    let (width, height) = size ?? (session.width, session.height)
    return try await scheduler.run(.click) { _ in
      let result = try session.tracking.withLock { (tracking) throws(Failure) in
        try tracking.preview(prompt)
      }
      // The same logits, scaled to another size.
      let sized = FrameResult(
        frame: result.frame, objects: result.objects, width: width, height: height)
      return [
        "frame": .init(prompt.frame), "size": [.init(height), .init(width)],
        "objects": .array(VideoResults.entries(sized).map(\.json)),
      ]
    }
  }

  /// Replaces the names of the objects, and stores them.
  /// - Throws: `json.*`, `serve.object`.
  public func setNames(_ list: [JSONValue], of session: VideoSession) throws(Failure) {
    session.change(try ObjectNames(json: list, limits: limits))
    try save(session)
  }
}
