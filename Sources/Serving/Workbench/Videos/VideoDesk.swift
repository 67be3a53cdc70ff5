import Bytes
import Glibc
public import JSON
import JobSupport
public import Media
import SAM2
import Synchronization

/// The videos that clients have open: opening, prompting, tracking, exporting.
public final class VideoDesk: Sendable {
  let model: SegmentationModel
  let limits: WorkLimits
  let scheduler: Scheduler
  private let media: MediaFolder?
  /// Location of uploads and states; a server without its own folder uses one that is removed with
  /// it.
  let store: SessionStore
  let isLasting: Bool
  private let table: SessionTable<VideoSession>
  /// Stored sessions that have not been requested yet.
  private let stored: Guarded<Set<String>>
  let jobs: JobTable

  static let videoFile = "video"
  static let stateFile = "tracking.state"

  init(_ parts: WorkbenchParts, store: SessionStore, isLasting: Bool, jobs: JobTable) {
    (model, limits, scheduler) = (parts.model, parts.limits, parts.scheduler)
    (media, self.store, self.isLasting, self.jobs) = (parts.media, store, isLasting, jobs)
    table = SessionTable("video", limit: parts.limits.videos, idleLimit: parts.limits.idleSeconds) {
      $0.idleSeconds
    }
    let found = store.identifiers.filter { store.session($0)?["kind"]?.string == "video" }
    stored = Guarded(Set(found))
  }

  public var count: Int { table.count }

  /// Open videos, and stored ones by name only.
  public var list: [JSONValue] {
    let open = table.all.map(\.session)
    let known = Set(open.map(\.id))
    let waiting = stored.withLock { $0 }.subtracting(known).sorted().compactMap { id in
      store.session(id).map { json -> JSONValue in
        [
          "id": .string(id), "name": json["name"] ?? .null, "path": json["media"] ?? .null,
          "open": false,
        ]
      }
    }
    return open.map { session in
      [
        "id": .string(session.id), "name": .string(session.name),
        "path": session.mediaPath.map { .string($0) } ?? .null, "open": true,
      ]
    } + waiting
  }

  /// The session `id`, reopened if an earlier server stored it.
  /// - Throws: `serve.unknown_id`; any error from opening.
  public func session(_ id: String) async throws -> VideoSession {
    if table[id] == nil, stored.withLock({ $0.contains(id) }) { try await reopen(id) }
    let session = try table.session(id)
    session.touch()
    return session
  }

  // MARK: - Opening and closing

  /// Opens the video or folder of frames at `path` below the media folder, or returns the session
  /// that has it open already.
  /// - Throws: `serve.no_media`, `serve.media_*`, `serve.sessions`; `video.*`, `file.*`, `image.*`;
  ///   `model.image_only`.
  public func open(media path: String) async throws -> VideoSession {
    let known = table.all.map(\.session).first { $0.mediaPath == path }
    if let known {
      known.touch()
      return known
    }
    let earlier = stored.withLock { $0 }.first { store.session($0)?["media"]?.string == path }
    if let earlier { return try await session(earlier) }
    let item = try mediaItem(path)
    return try await add(
      Identifier.new(), VideoSource(name: item.name, place: .media(item.path)))
  }

  /// Opens the video in `bytes`, under the name `name` given by the client.
  /// - Throws: `serve.too_large`; `output.*`; as `open(media:)`.
  public func open(upload bytes: [UInt8], name: String) async throws -> VideoSession {
    guard bytes.count <= limits.videoBytes else {
      throw Failure.tooLarge(bytes.count, limits.videoBytes)
    }
    let id = Identifier.new()
    try store.write(bytes, VideoDesk.videoFile, of: id)
    do {
      return try await add(
        id, VideoSource(name: UploadName.cleaned(name, default: "video.mp4"), place: .stored))
    } catch {
      store.remove(id)
      throw error
    }
  }

  /// Opens frames that a client has sent one by one.
  /// - Throws: `serve.too_large`; `image.format`; as `open(media:)`.
  public func open(frames: [[UInt8]]) async throws -> VideoSession {
    guard frames.count <= limits.frames else {
      throw Failure(
        .badInput, code: "serve.too_large",
        "\(frames.count) frames are more than the limit of \(limits.frames)")
    }
    let id = Identifier.new()
    do {
      for (index, bytes) in frames.enumerated() {
        guard let format = ImageFormat(sniffing: bytes) else {
          throw Failure(
            .badInput, code: "image.format", "frame \(index) is not a picture of a known format")
        }
        let name = "\(VideoDesk.videoFile)/\(fiveDigits(index))\(format.pathExtensions[0])"
        try store.write(bytes, name, of: id)
      }
      return try await add(
        id, VideoSource(name: "frames", place: .stored))
    } catch {
      store.remove(id)
      throw error
    }
  }

  private func reopen(_ id: String) async throws {
    guard let json = store.session(id), let name = json["name"]?.string else { return }
    let place = json["media"]?.string.map { VideoSource.Place.media($0) } ?? .stored
    let script = try json["script"].map { json throws(Failure) in try InteractionScript(json: json)
    }
    _ = try await add(
      id, VideoSource(name: name, place: place),
      stored: StoredTracking(
        results: json["results"], actions: script?.actions ?? [],
        names: json["names"]?.array.flatMap { try? ObjectNames(json: $0, limits: limits) }))
  }

  func add(
    _ id: String, _ source: VideoSource, stored: StoredTracking? = nil
  ) async throws -> VideoSession {
    let session = try await scheduler.run(.encode) { _ in
      try self.made(id, source, stored)
    }
    if let closed = try table.add(session, id) { forget(closed) }
    self.stored.withLock { _ = $0.insert(id) }
    try save(session)
    return session
  }

  private func made(
    _ id: String, _ source: VideoSource, _ stored: StoredTracking?
  ) throws(Failure) -> VideoSession {
    let shown = try opened(source, id)
    let tracked = try opened(source, id)
    let predictor = try VideoPredictor(
      model, frames: tracked, options: VideoTracking.options)
    guard predictor.frameCount <= limits.frames else {
      throw Failure(
        .badInput, code: "serve.too_large",
        "\(predictor.frameCount) frames are more than the limit of \(limits.frames)")
    }
    var tracking = VideoTracking(predictor, actions: stored?.actions ?? [])
    let state = store.path(VideoDesk.stateFile, of: id)
    // A state from another model cannot be resumed: its masks are kept, and its objects are
    // dropped.
    if stored != nil, access(state, F_OK) == 0, (try? tracking.restore(from: state)) == nil {
      tracking = VideoTracking(predictor)
    }
    let results = stored?.results.flatMap {
      VideoResults(json: $0, width: tracking.width, height: tracking.height)
    }
    return try VideoSession(
      id: id, source: source, tracking: tracking, shown: shown, results: results ?? VideoResults(),
      names: stored?.names ?? ObjectNames())
  }

  private func opened(_ source: VideoSource, _ id: String) throws(Failure) -> OpenVideo {
    let options = PictureOptions(maximumPixels: limits.pixels)
    switch source.place {
    case .media(let path): return try OpenVideo(mediaItem(path), options: options)
    case .stored:
      return try OpenVideo(path: store.path(VideoDesk.videoFile, of: id), options: options)
    case .path(let path): return try OpenVideo(path: path, options: options)
    }
  }

  /// The frames of a session, opened again for a separate pass.
  func frames(_ session: VideoSession) throws(Failure) -> OpenVideo {
    try opened(session.source, session.id)
  }

  private func mediaItem(_ path: String) throws(Failure) -> MediaItem {
    guard let media else {
      throw Failure(
        .usage, code: "serve.no_media", "the server has no media folder",
        hint: "upload the file, or start the server with --media")
    }
    return try media.item(path)
  }

  /// Closes the session and removes its stored data; its jobs are asked to stop.
  public func close(_ id: String) {
    for job in jobs.active(on: id) { job.cancel() }
    table.remove(id)
    forget(id)
  }

  private func forget(_ id: String) {
    stored.withLock { _ = $0.remove(id) }
    store.remove(id)
  }

  // MARK: - Saving

  /// Writes everything that a later server needs in order to resume.
  func save(_ session: VideoSession) throws(Failure) {
    guard isLasting else { return }
    try store.write(
      [
        "kind": "video", "name": .string(session.name),
        "media": session.mediaPath.map { .string($0) } ?? .null, "script": session.script,
        "results": session.results.json, "names": session.names.json,
      ], session.id)
  }

  /// The same with the tracking state, which `tracking` holds.
  func save(_ session: VideoSession, _ tracking: VideoTracking) throws(Failure) {
    guard isLasting else { return }
    if tracking.objectIDs.isEmpty {
      try store.directory(session.id).removeFile(VideoDesk.stateFile)
    } else {
      _ = try store.directory(session.id)
      try tracking.save(to: store.path(VideoDesk.stateFile, of: session.id))
    }
    try save(session)
  }

  // MARK: - Frames

  /// Frame `index` as a JPEG whose longer side is at most `side` pixels.
  public func display(
    _ session: VideoSession, frame index: Int, side: Int
  ) async throws -> [UInt8] {
    try await scheduler.run(.encode) { _ in try session.display(index, side: side) }
  }

  /// Frame `index` itself.
  /// - Throws: `video.frame`; any error from reading.
  public func picture(of session: VideoSession, frame index: Int) async throws -> RGBImage {
    try await scheduler.run(.encode) { _ in try session.frame(index) }
  }
}
