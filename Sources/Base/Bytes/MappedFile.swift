import Glibc

/// Opens files as read-only memory maps.
public enum MappedFile {
  /// Maps the whole of the regular file at `path`; nothing is read until touched.
  ///
  /// The mapping is private and read-only. Reading a part that another process has meanwhile
  /// truncated raises SIGBUS, as for every reader that maps, and the commands treat that as a read
  /// error. This project's writers replace files only by renaming, which leaves an existing mapping
  /// intact. Callers that derive another file from it use `origin` to check that it is unchanged.
  /// - Throws: `file.missing`, `file.unreadable`, `file.directory`, `file.not_regular` (kind
  ///   `missingInput`); `file.empty` (kind `badInput`); `file.map` (kind `inputOutput`).
  public static func open(_ path: String) throws(Failure) -> ByteStorage {
    // O_NONBLOCK: opening a FIFO must fail in the check below, not wait for a writer.
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .opening(path, errno) }
    defer { close(descriptor) }

    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .opening(path, errno) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR:
      throw Failure(
        .missingInput, code: "file.directory", "is a folder, not a file", file: path,
        cause: .folder)
    default:
      throw Failure(.missingInput, code: "file.not_regular", "is not a regular file", file: path)
    }
    let byteCount = Int(status.st_size)
    guard byteCount > 0 else {
      throw Failure(.badInput, code: "file.empty", "is empty (0 bytes)", file: path)
    }
    guard let base = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0),
      base != MAP_FAILED
    else {
      throw Failure(
        .inputOutput, code: "file.map", "cannot be mapped: \(systemMessage(errno))", file: path)
    }
    return ByteStorage(
      takingOver: UnsafeRawPointer(base), byteCount: byteCount, isMappedFile: true,
      origin: FileStamp(path, status)
    ) { base, count in
      munmap(UnsafeMutableRawPointer(mutating: base), count)
    }
  }
}

/// The system's words for an `errno` value.
func systemMessage(_ code: Int32) -> String { String(cString: strerror(code)) }
