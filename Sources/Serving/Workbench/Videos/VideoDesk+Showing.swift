public import Annotations
import Bytes
import JobSupport
import Media
public import SAM2

/// A video on this machine that was tracked elsewhere.
public struct ShownVideo: Sendable {
  let path: String
  let script: InteractionScript
  let pictures: [AnnotatedPicture]

  /// `pictures` are the frames that have masks.
  public init(path: String, script: InteractionScript, pictures: [AnnotatedPicture]) {
    (self.path, self.script, self.pictures) = (path, script, pictures)
  }

  /// The clicks and boxes in effect at the end, for each object and frame.
  fileprivate var prompts: [VideoPrompt] {
    var found: [VideoPrompt] = []
    for action in script.actions {
      switch action {
      case .addPoints(let frame, let object, let points, let box, let clearsOldPoints):
        let prompt = VideoPrompt(
          frame: frame, object: object, points: points, box: box, clearsOldPoints: clearsOldPoints)
        if clearsOldPoints { found.removeAll { $0.frame == frame && $0.object == object } }
        found.append(prompt)
      case .clearFrame(let frame, let object), .addMask(let frame, let object, _):
        found.removeAll { $0.frame == frame && $0.object == object }
      case .removeObject(let object): found.removeAll { $0.object == object }
      case .reset: found = []
      case .propagate, .detect: break
      }
    }
    return found
  }
}

extension VideoDesk {
  /// Opens `video` with its existing masks and its clicks, from which tracking can continue.
  ///
  /// Objects whose numbers exceed the limit have only their masks.
  /// - Throws: any error from opening and prompting.
  public func show(_ video: ShownVideo) async throws -> VideoSession {
    let session = try await add(
      Identifier.new(), VideoSource(name: fileName(video.path), place: .path(video.path)))
    for prompt in video.prompts where (1...limits.objects).contains(prompt.object) {
      _ = try await add(prompt, to: session)
    }
    let pictures = video.pictures
    session.change(nil) { results in
      for picture in pictures { results.add(picture) }
    }
    return session
  }
}
