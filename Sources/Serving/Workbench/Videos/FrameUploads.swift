public import Bytes
import JobSupport
import Synchronization

/// Frames that a client sends one by one before opening them as a video.
public final class FrameUploads: Sendable {
  private struct Folder: Sendable {
    var frames: [String: [UInt8]] = [:]
    var byteCount = 0
    var lastUse = StageClock.now()
  }

  private let folders = Guarded<[String: Folder]>([:])
  private let limits: WorkLimits
  private static let nameLimit = 200

  init(limits: WorkLimits) { self.limits = limits }

  /// Keeps `bytes` as the frame `name` in `folder`; the client chooses both names.
  /// - Throws: `serve.upload_name`; `serve.sessions` if there is no room left.
  public func add(_ bytes: [UInt8], name: String, to folder: String) throws(Failure) {
    guard [name, folder].allSatisfy({ (1...Self.nameLimit).contains($0.utf8.count) }) else {
      throw Failure(
        .badInput, code: "serve.upload_name",
        "names of uploads have 1 to \(Self.nameLimit) bytes")
    }
    let limits = limits
    let isKept = folders.withLock { folders in
      let growth = bytes.count - (folders[folder]?.frames[name]?.count ?? 0)
      func isRoom() -> Bool {
        folders.reduce(growth) { $0 + $1.value.byteCount } <= limits.uploadBytes
          && (folders[folder] != nil || folders.count < limits.videos)
      }
      if !isRoom() {
        // Frames that no client has returned for make room.
        let now = StageClock.now()
        folders = folders.filter {
          $0.key == folder || now - $0.value.lastUse < limits.idleSeconds
        }
      }
      var entry = folders[folder] ?? Folder()
      guard isRoom(), entry.frames[name] != nil || entry.frames.count < limits.frames else {
        return false
      }
      entry.byteCount += growth
      entry.frames[name] = bytes
      entry.lastUse = StageClock.now()
      folders[folder] = entry
      return true
    }
    guard isKept else {
      throw Failure(
        .usage, code: "serve.sessions", "there is no more room for uploaded frames",
        hint: "track those that are here first, or try again later")
    }
  }

  /// Takes the frames out of `folder`, in order of the numbers in their names, or else of the
  /// names.
  /// - Throws: `serve.unknown_id` if nothing was uploaded to it.
  public func take(_ folder: String) throws(Failure) -> [[UInt8]] {
    guard let entry = folders.withLock({ $0.removeValue(forKey: folder) }) else {
      throw Failure(
        .missingInput, code: "serve.unknown_id",
        "nothing was uploaded as \(printable(folder, limit: 60))", hint: "upload the frames first")
    }
    return entry.frames.sorted { first, second in
      let numbers = (Int(fileStem(first.key)), Int(fileStem(second.key)))
      if let one = numbers.0, let other = numbers.1 { return one < other }
      return first.key < second.key
    }.map(\.value)
  }
}
