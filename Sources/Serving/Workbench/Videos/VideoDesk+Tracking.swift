public import Bytes
public import JSON
import Media
import SAM2
import Synchronization

// Prompts and tracking. A video's predictor serves one user at a time: while a job is tracking,
// prompts are refused, and the client must cancel first.

extension VideoDesk {
  /// Number of tracked frames after which the state is stored, so that little is lost if the server
  /// ends.
  private static let savedEvery = 64

  /// Adds clicks or a box.
  /// - Returns: the masks on the frame.
  /// - Throws: `serve.busy`, `serve.object`; `track.*`, `prompt.*`.
  public func add(_ prompt: VideoPrompt, to session: VideoSession) async throws -> JSONValue {
    try await encode(prompt.frame, for: prompt.object, of: session)
    return try await edit(session, frame: prompt.frame) { tracking throws(Failure) in
      try tracking.addPoints(prompt)
    }
  }

  /// Adds a mask given as COCO's run lengths.
  public func addMask(
    _ counts: String, frame: Int, object: Int, to session: VideoSession
  ) async throws -> JSONValue {
    let runs = try RunLengthMask(
      width: session.width, height: session.height, cocoCounts: counts)
    try await encode(frame, for: object, of: session)
    return try await edit(session, frame: frame) { tracking throws(Failure) in
      try tracking.addMask(runs.mask, frame: frame, object: object)
    }
  }

  /// Removes the prompts for one object on one frame.
  public func clear(
    frame: Int, object: Int, in session: VideoSession
  ) async throws -> JSONValue {
    try await edit(session, frame: frame) { tracking throws(Failure) in
      try tracking.clear(frame: frame, object: object)
    }
  }

  /// Removes an object and its masks.
  public func remove(object: Int, from session: VideoSession) async throws {
    _ = try await edit(session, frame: 0, removing: object) { tracking throws(Failure) in
      try tracking.remove(object: object)
    }
  }

  /// Removes all objects and all masks.
  public func reset(_ session: VideoSession) async throws {
    try checkIdle(session)
    try await scheduler.run(.click) { _ in
      try session.tracking.withLock { (tracking) throws(Failure) in
        tracking.reset()
        session.change(.init(tracking)) { $0.removeAll() }
        session.change(ObjectNames())
        try self.save(session, tracking)
      }
    }
  }

  func checkIdle(_ session: VideoSession) throws(Failure) {
    guard let job = jobs.active(on: session.id).first(where: { $0.kind == "propagate" }) else {
      return
    }
    throw Failure(
      .usage, code: "serve.busy", "the video is being tracked",
      hint: "wait for job \(job.id), or cancel it")
  }

  func checkObject(_ object: Int) throws(Failure) {
    guard (1...limits.objects).contains(object) else {
      throw Failure(
        .badInput, code: "serve.object", "objects have numbers from 1 to \(limits.objects)")
    }
  }

  /// Changes annotations as scheduled work, and stores the resulting masks.
  private func edit(
    _ session: VideoSession, frame: Int, removing object: Int? = nil,
    _ body: @escaping @Sendable (inout VideoTracking) throws(Failure) -> [FrameResult]
  ) async throws -> JSONValue {
    try checkIdle(session)
    return try await scheduler.run(.click) { _ in
      try session.tracking.withLock { (tracking) throws(Failure) in
        let results = try body(&tracking)
        session.change(.init(tracking)) { known in
          if let object { known.remove(object: object) }
          for result in results { known.add(result) }
        }
        if let object {
          var names = session.names
          names.remove(object: object)
          session.change(names)
        }
        try self.save(session, tracking)
      }
      return session.masks(frame)
    }
  }

  // MARK: - Tracking

  /// Starts tracking all objects through `range`; each frame is an event with its masks.
  /// - Throws: `serve.busy`, `serve.jobs`, `serve.nothing_to_track`.
  public func track(
    _ session: VideoSession, _ range: TrackingRange
  ) throws(Failure) -> WorkJob {
    try checkIdle(session)
    guard !session.facts.objects.isEmpty else {
      throw Failure(
        .usage, code: "serve.nothing_to_track", "no object is marked in the video",
        hint: "click on something first")
    }
    return try jobs.start(kind: "propagate", subject: session.id) { reporter in
      let total = try await self.scheduler.run(.long) { _ in
        try session.tracking.withLock { (tracking) throws(Failure) in
          let total = try tracking.start(range)
          session.change(.init(tracking)) { _ in }
          return total
        }
      }
      reporter.progress(0, of: total)
      let done = try await self.follow(session, reporter)
      return ["frames": .init(done), "total": .init(total)]
    }
  }

  /// Tracks frame by frame until the end or until cancelled, and stores the results so far.
  private func follow(
    _ session: VideoSession, _ reporter: WorkJob.Reporter
  ) async throws -> Int {
    var done = 0
    do {
      while !reporter.isCancelled, try await step(session, reporter, done + 1) { done += 1 }
    } catch {
      try? await finish(session)
      throw error
    }
    try await finish(session)
    return done
  }

  /// Tracks one frame; false if there are no more.
  private func step(
    _ session: VideoSession, _ reporter: WorkJob.Reporter, _ number: Int
  ) async throws -> Bool {
    try await scheduler.run(.long) { _ in
      let found = try session.tracking.withLock { (tracking) throws(Failure) in
        let next = try tracking.next()
        if let next {
          session.change(nil) { $0.add(next.result) }
          if number.isMultiple(of: VideoDesk.savedEvery) { try self.save(session, tracking) }
        }
        return next.map { ($0.result.frame, $0.progress) }
      }
      guard let (frame, progress) = found else { return false }
      reporter.event("frame", session.masks(frame))
      reporter.progress(progress.done, of: progress.total)
      return true
    }
  }

  private func finish(_ session: VideoSession) async throws {
    try await scheduler.run(.click) { _ in
      try session.tracking.withLock { (tracking) throws(Failure) in
        tracking.stop()
        session.note(.init(tracking))
        try self.save(session, tracking)
      }
    }
  }
}
