import CLinux
import Glibc

/// An unnamed temporary file, for bytes that must stay readable without staying in memory.
public final class SpillFile: Sendable {
  private let descriptor: Int32

  /// Creates the file in `TMPDIR`; it disappears with the last reference to it or to bytes moved
  /// into it.
  /// - Throws: `output.create`.
  public init() throws(Failure) {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? ""
    var template = Array(((folder.isEmpty ? P_tmpdir : folder) + "/sam2-XXXXXX").utf8CString)
    descriptor = sam2_temporary_file(&template)
    guard descriptor >= 0 else {
      throw Failure(
        .cannotCreate, code: "output.create",
        "cannot create a temporary file: \(systemMessage(errno))", hint: SpillFile.hint)
    }
    unlink(template)
  }

  deinit { close(descriptor) }

  private static let hint = "TMPDIR names the folder for temporary files"

  /// A mapping of a copy of `bytes`.
  ///
  /// Must not be called by two threads at once.
  /// - Throws: `output.write` when the disk is full or fails; `file.map`.
  public func moved(_ bytes: UnsafeRawBufferPointer) throws(Failure) -> ByteStorage {
    // Mappings start at page boundaries.
    let page = 1 << 16
    let end = lseek(descriptor, 0, SEEK_END)
    guard end >= 0, !bytes.isEmpty else { return ByteStorage(byteCount: 0) { _ in } }
    let start = (Int(end) + page - 1) / page * page
    var done = 0
    while done < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
      let written = pwrite(descriptor, rest.baseAddress, rest.count, off_t(start + done))
      if written < 0, errno == EINTR { continue }
      guard written > 0 else {
        throw Failure(
          .inputOutput, code: "output.write",
          "writing a temporary file failed: \(systemMessage(errno))", hint: SpillFile.hint)
      }
      done += written
    }
    guard
      let base = mmap(nil, bytes.count, PROT_READ, MAP_SHARED, descriptor, off_t(start)),
      base != MAP_FAILED
    else {
      throw Failure(
        .inputOutput, code: "file.map",
        "a temporary file cannot be mapped: \(systemMessage(errno))")
    }
    return ByteStorage(
      takingOver: UnsafeRawPointer(base), byteCount: bytes.count, isMappedFile: true
    ) { base, count in munmap(UnsafeMutableRawPointer(mutating: base), count) }
  }
}
