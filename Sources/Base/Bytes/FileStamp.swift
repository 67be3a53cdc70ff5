import Glibc

/// The state of a file when it was opened, used to detect later changes.
public struct FileStamp: Sendable {
  public let path: String
  private let device: UInt64
  private let number: UInt64
  private let byteCount: Int64
  private let modified: (seconds: Int, nanoseconds: Int)

  init(_ path: String, _ status: stat) {
    self.path = path
    device = UInt64(status.st_dev)
    number = UInt64(status.st_ino)
    byteCount = Int64(status.st_size)
    modified = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
  }

  /// Passes as long as `path` leads to the same file, with the same size and modification time.
  /// - Throws: `input.changed` (kind `inputOutput`).
  public func check() throws(Failure) {
    var status = stat()
    if stat(path, &status) == 0 {
      let now = FileStamp(path, status)
      if (device, number, byteCount) == (now.device, now.number, now.byteCount),
        modified == now.modified
      {
        return
      }
    }
    throw Failure(
      .inputOutput, code: "input.changed", "the file was changed while it was read",
      hint: "try again when nothing writes to it any more", file: path)
  }
}
