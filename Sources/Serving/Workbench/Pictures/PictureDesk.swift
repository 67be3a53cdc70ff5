public import Bytes
import JSON
import JobSupport
public import Media
import SAM2

/// The pictures that clients have open: opening, prompting, marking, exporting.
public final class PictureDesk: Sendable {
  let model: SegmentationModel
  let facts: ModelFacts
  let limits: WorkLimits
  let scheduler: Scheduler
  public let embeddings: EmbeddingCache
  private let media: MediaFolder?
  private let store: SessionStore?
  private let table: SessionTable<PictureSession>
  let shelf: LogitsShelf
  let jobs: JobTable

  private static let storedPicture = "picture"
  /// Bytes of logits from recent answers that are kept.
  private static let logitsBytes = 256 << 20

  init(_ parts: WorkbenchParts, embeddings: EmbeddingCache, jobs: JobTable) {
    (model, facts, limits) = (parts.model, parts.facts, parts.limits)
    (scheduler, media, store) = (parts.scheduler, parts.media, parts.store)
    (self.embeddings, self.jobs) = (embeddings, jobs)
    shelf = LogitsShelf(budget: PictureDesk.logitsBytes)
    table = SessionTable(
      "picture", limit: limits.pictures, idleLimit: limits.idleSeconds
    ) { $0.idleSeconds }
    restore()
  }

  /// Restores the sessions that an earlier server stored.
  private func restore() {
    guard let store else { return }
    for id in store.identifiers {
      guard let json = store.session(id), json["kind"]?.string == "picture",
        let session = PictureSession(id: id, stored: json, limits)
      else { continue }
      _ = try? table.add(session, id)
    }
  }

  public var count: Int { table.count }

  /// Open pictures.
  public var all: [PictureSession] { table.all.map(\.session) }

  /// - Throws: `serve.unknown_id`.
  public func session(_ id: String) throws(Failure) -> PictureSession {
    let session = try table.session(id)
    session.touch()
    return session
  }

  // MARK: - Opening and closing

  /// Opens the picture in `bytes`, under the name `name` given by the client.
  /// - Throws: `serve.too_large`, `serve.sessions`, `image.*`, and `output.*` if it cannot be
  ///   stored.
  public func open(upload bytes: [UInt8], name: String) throws(Failure) -> PictureSession {
    let id = Identifier.new()
    var source = try source(bytes, name: UploadName.cleaned(name, default: "picture"))
    if let store {
      try store.write(bytes, PictureDesk.storedPicture, of: id)
      source.place = .stored(id)
    } else {
      source.place = .memory(bytes)
      try checkMemory(bytes.count)
    }
    return try add(PictureSession(id: id, source: source))
  }

  /// Opens the picture at `path` below the media folder, or returns the session that has it open
  /// already.
  /// - Throws: `serve.no_media`, `serve.media_*`, `serve.too_large`, `serve.sessions`, `image.*`.
  public func open(media path: String) throws(Failure) -> PictureSession {
    let item = try mediaItem(path)
    var source = try source(item.bytes(limit: limits.pictureBytes), name: item.name)
    source.place = .media(item.path)
    let known = all.first {
      $0.source.mediaPath == item.path && $0.source.contents == source.contents
    }
    if let known {
      known.touch()
      return known
    }
    return try add(PictureSession(id: Identifier.new(), source: source))
  }

  private func add(_ session: PictureSession) throws(Failure) -> PictureSession {
    do throws(Failure) {
      let closed = try table.add(session, session.id)
      if let closed { store?.remove(closed) }
      try save(session)
    } catch {
      close(session.id)
      throw error
    }
    return session
  }

  func save(_ session: PictureSession) throws(Failure) {
    try store?.write(session.stored, session.id)
  }

  public func close(_ id: String) {
    table.remove(id)
    store?.remove(id)
  }

  private func source(_ bytes: [UInt8], name: String) throws(Failure) -> PictureSource {
    guard bytes.count <= limits.pictureBytes else {
      throw .tooLarge(bytes.count, limits.pictureBytes)
    }
    let size = try ImageReader.uprightSize(of: bytes, options: options)
    return PictureSource(
      name: name, contents: ContentHash(of: bytes), width: size.width, height: size.height,
      place: .memory([]))
  }

  var options: PictureOptions { PictureOptions(maximumPixels: limits.pixels) }

  private func checkMemory(_ byteCount: Int) throws(Failure) {
    let used = all.reduce(0) { $0 + $1.source.memoryByteCount }
    guard used + byteCount <= limits.memoryBytes else {
      throw Failure(
        .usage, code: "serve.sessions", "the uploaded pictures fill \(used) bytes of memory",
        hint: "close some, or start the server with --cache")
    }
  }

  private func mediaItem(_ path: String) throws(Failure) -> MediaItem {
    guard let media else {
      throw Failure(
        .usage, code: "serve.no_media", "the server has no media folder",
        hint: "upload the file, or start the server with --media")
    }
    return try media.item(path)
  }

  // MARK: - Contents

  /// The bytes of the picture's file.
  /// - Throws: `serve.changed` if a media file has since been replaced; any error from reading.
  public func bytes(of session: PictureSession) throws(Failure) -> [UInt8] {
    let bytes: [UInt8]
    switch session.source.place {
    case .memory(let kept): bytes = kept
    case .media(let path): bytes = try mediaItem(path).bytes(limit: limits.pictureBytes)
    case .stored(let id):
      guard let store else {
        throw Failure(.internalError, code: "serve.store", "a stored picture without a store")
      }
      bytes = try store.file(PictureDesk.storedPicture, of: id)
    }
    guard ContentHash(of: bytes) == session.source.contents else {
      throw Failure(
        .usage, code: "serve.changed", "the picture's file has changed since it was opened",
        hint: "open it again", file: session.name)
    }
    return bytes
  }

  /// The picture itself, decoded as scheduled work.
  public func picture(
    of session: PictureSession, _ priority: WorkPriority = .encode
  ) async throws -> RGBImage {
    try await scheduler.run(priority) { _ in try self.decoded(session) }
  }

  /// Decodes the picture in `bytes`, which is not kept.
  /// - Throws: `image.*`.
  public func picture(_ bytes: [UInt8]) async throws -> RGBImage {
    let options = options
    return try await scheduler.run(.encode) { _ in
      try ImageReader.decode(bytes, options: options)
    }
  }

  /// The picture as a JPEG whose longer side is at most `side` pixels.
  public func display(_ session: PictureSession, side: Int) async throws -> [UInt8] {
    try await scheduler.run(.encode) { _ in try self.decoded(session).display(side: side) }
  }

  /// A small JPEG of the picture at `path` below the media folder.
  /// - Throws: `serve.no_media`, `serve.media_*`, `serve.too_large`, `image.*`.
  public func thumbnail(media path: String) async throws -> [UInt8] {
    let item = try mediaItem(path)
    return try await scheduler.run(.ahead) { _ in
      let bytes = try item.bytes(limit: self.limits.pictureBytes)
      return try ImageReader.decode(bytes, options: self.options).display(side: 192)
    }
  }

  func decoded(_ session: PictureSession) throws(Failure) -> RGBImage {
    try ImageReader.decode(bytes(of: session), options: options)
  }
}
