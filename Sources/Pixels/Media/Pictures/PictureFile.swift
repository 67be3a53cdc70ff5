public import Bytes

/// Writes encoded pictures to disk.
public enum PictureFile {
  /// Replaces `path` with `bytes` in one step: a reader sees the old file or the new one, never a
  /// partial one.
  ///
  /// Failures as in `AtomicFile.write`.
  public static func write(_ bytes: [UInt8], to path: String) throws(Failure) {
    do {
      try AtomicFile.write(path: path, replaceExisting: true) { try $0.write(bytes) }
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(.internalError, code: "output.write", "writing failed: \(error)", file: path)
    }
  }
}
