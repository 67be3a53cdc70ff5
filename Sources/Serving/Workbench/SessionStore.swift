import Bytes
import Glibc
import JSON

/// Sessions on disk, so that they survive a restart of the server: one folder each, rewritten with
/// every change, each file complete or not at all.
final class SessionStore: Sendable {
  private let folder: OutputDirectory
  private static let sessionFile = "session.json"

  /// Opens the folder `path`, created if necessary for this user alone.
  /// - Throws: `output.folder`, `output.link`.
  init(_ path: String) throws(Failure) {
    folder = try OutputDirectory(path, creating: true)
    try folder.checkWritable()
  }

  /// The identifiers of all stored sessions.
  var identifiers: [String] {
    folder.names.filter { Identifier.isPossible($0) && folder.entry($0) == .folder }.sorted()
  }

  /// The stored facts about the session `id`; nil if they cannot be read.
  func session(_ id: String) -> JSONValue? {
    guard let bytes = try? file(SessionStore.sessionFile, of: id) else { return nil }
    return try? JSONValue(parsing: bytes)
  }

  func write(_ session: JSONValue, _ id: String) throws(Failure) {
    try directory(id).write(SessionStore.sessionFile, Array((session.text() + "\n").utf8))
  }

  /// Writes the file `name` to the session's folder.
  func write(_ bytes: [UInt8], _ name: String, of id: String) throws(Failure) {
    try directory(id).write(name, bytes)
  }

  /// The bytes of the session's file `name`.
  /// - Throws: `serve.stored` if it does not exist; any error from reading.
  func file(_ name: String, of id: String) throws(Failure) -> [UInt8] {
    let directory = folder.entry(id) == nil ? nil : try folder.folder(id)
    guard let descriptor = try directory?.readable(name) else {
      throw Failure(
        .missingInput, code: "serve.stored", "the stored session has no file \(name)",
        hint: "open the picture or video again")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .opening(name, errno) }
    return try FileBytes.read(descriptor, 0..<Int(status.st_size))
  }

  /// The path of the session's file `name`, for libraries that take paths.
  func path(_ name: String, of id: String) -> String { "\(folder.path)/\(id)/\(name)" }

  /// Removes the session; anything that cannot be removed stays, and is found again.
  func remove(_ id: String) { try? folder.remove(id) }

  /// The folder of the session `id`, created if necessary for this user alone.
  func directory(_ id: String) throws(Failure) -> OutputDirectory {
    guard folder.entry(id) == nil else { return try folder.folder(id) }
    return try folder.createFolder(id, isPrivate: true)
  }
}
