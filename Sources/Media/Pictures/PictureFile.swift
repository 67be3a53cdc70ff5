public import Bytes
import Glibc

/// Puts encoded pictures on disk.
public enum PictureFile {
  /// Replaces `path` by `bytes` in one step: a reader sees the old file or the new one, never half.
  ///
  /// Failures: `output.cannot_create`, `output.write_failed`.
  public static func write(_ bytes: [UInt8], to path: String) throws(Failure) {
    let temporary = path + ".part-\(getpid())"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw Failure(
        .cannotCreate, code: "output.cannot_create",
        "cannot create the file: \(String(cString: strerror(errno)))", file: path)
    }
    var problem = write(bytes, to: descriptor)
    if close(descriptor) != 0, problem == 0 { problem = errno }
    if problem == 0, rename(temporary, path) != 0 { problem = errno }
    guard problem == 0 else {
      unlink(temporary)
      throw Failure(
        .inputOutput, code: "output.write_failed",
        "writing failed: \(String(cString: strerror(problem)))", file: path)
    }
  }

  /// Zero, or what went wrong.
  private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
    bytes.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count {
        let rest = UnsafeRawBufferPointer(rebasing: buffer[done...])
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        if count < 0 { return errno }
        done += count
      }
      return 0
    }
  }
}
