public import Annotations
public import Bytes
import JSON
import JobSupport
import Media
import SAM2Jobs

// Video results in the formats of other tools, and drawn over the frames.

extension VideoDesk {
  private static let overlayFile = "overlay.mp4"

  /// The files of `kinds`, as written by `sam2 track`.
  /// - Throws: `serve.nothing_to_export`, `serve.format`; any error from the formats.
  public func export(
    _ session: VideoSession, _ kinds: [AnnotationKind], _ context: AnnotationContext
  ) async throws -> [AnnotationFile] {
    try ExportKinds.check(kinds, among: AnnotationKind.allCases)
    return try await scheduler.run(.encode) { slot in
      let pictures = try self.pictures(of: session)
      slot.giveWay()
      return try ExportKinds.files(
        of: pictures.sorted { $0.key < $1.key }.map(\.value), kinds,
        context.about(session.description.facts))
    }
  }

  private func pictures(
    of session: VideoSession
  ) throws(Failure) -> [Int: AnnotatedPicture] {
    let results = session.results
    guard !results.frames.isEmpty else {
      throw Failure(
        .usage, code: "serve.nothing_to_export", "the video has no masks yet",
        hint: "click on something and track it first")
    }
    var pictures: [Int: AnnotatedPicture] = [:]
    for frame in results.frames.keys {
      pictures[frame] = try results.picture(
        frame, session.description, width: session.width, height: session.height)
    }
    return pictures
  }

  /// Starts drawing the masks over the frames, as an MP4 file.
  /// - Throws: `serve.jobs`, `serve.nothing_to_export`.
  public func drawOverlay(_ session: VideoSession) throws(Failure) -> WorkJob {
    let pictures = try pictures(of: session)
    return try jobs.start(kind: "overlay", subject: session.id) { reporter in
      try await self.scheduler.run(.long) { slot in
        let video = try self.frames(session)
        _ = try self.store.directory(session.id)
        try VideoOverlay.drawMovie(
          self.store.path(VideoDesk.overlayFile, of: session.id), of: video.frames,
          frameCount: session.frameCount, masks: pictures
        ) { done, total in
          if reporter.isCancelled { throw CancellationError() }
          reporter.progress(done, of: total)
          slot.giveWay()
        }
        withExtendedLifetime(video) {}
      }
      return ["path": .string("/api/videos/\(session.id)/overlay")]
    }
  }

  /// The most recently drawn MP4 file.
  /// - Throws: `serve.stored` if there is not one.
  public func overlay(_ session: VideoSession) throws(Failure) -> [UInt8] {
    try store.file(VideoDesk.overlayFile, of: session.id)
  }
}
