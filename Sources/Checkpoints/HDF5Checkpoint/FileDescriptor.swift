import Bytes
import CLinux
import Glibc

/// A descriptor that is closed with its owner.
///
/// Always above 9, so that handing several to a child as 0 to 3 never overwrites one with another.
struct FileDescriptor: ~Copyable, Sendable {
  let number: Int32
  /// A name that is removed with the owner; nil for files that keep or never had one.
  private var temporaryPath: String?

  /// Takes over `opened`; nil when it is the result of a failed opening (`errno` is kept).
  init?(_ opened: Int32) {
    guard opened >= 0 else { return nil }
    let high = fcntl(opened, F_DUPFD_CLOEXEC, 10)
    let code = errno
    close(opened)
    errno = code
    guard high >= 0 else { return nil }
    number = high
  }

  deinit {
    if let temporaryPath { unlink(temporaryPath) }
    close(number)
  }

  /// Removes the name of a temporary file, which exists as long as it is open.
  mutating func removeName() {
    if let temporaryPath { unlink(temporaryPath) }
    temporaryPath = nil
  }

  /// Opens the regular file at `path` for reading.
  /// - Throws: `file.missing`, `file.unreadable`, `file.not_regular`.
  static func open(_ path: String) throws(Failure) -> FileDescriptor {
    let opened = FileDescriptor(Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK))
    guard let opened else {
      let (code, words) = (errno, message(errno))
      throw code == ENOENT || code == ENOTDIR
        ? Failure(
          .missingInput, code: "file.missing", "there is no such file", file: path,
          cause: .missingFile)
        : Failure(
          .missingInput, code: "file.unreadable", "cannot be opened: \(words)", file: path)
    }
    var status = stat()
    guard fstat(opened.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw Failure(.missingInput, code: "file.not_regular", "is not a regular file", file: path)
    }
    return opened
  }

  /// Creates a file in the folder for temporary files; a `named` one keeps its name while it is
  /// open, since libhdf5 writes to no others.
  /// - Throws: `output.create`.
  static func temporary(named: Bool = false) throws(Failure) -> FileDescriptor {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? ""
    var template = Array(((folder.isEmpty ? P_tmpdir : folder) + "/sam2-XXXXXX").utf8CString)
    let opened = FileDescriptor(sam2_temporary_file(&template))
    let words = message(errno)
    guard var opened else {
      throw Failure(
        .cannotCreate, code: "output.create", "cannot create a temporary file: \(words)",
        hint: "TMPDIR names the folder for temporary files")
    }
    if named {
      let bytes = template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
      opened.temporaryPath = String(decoding: bytes, as: UTF8.self)
    } else {
      unlink(template)
    }
    return opened
  }

  var byteCount: Int {
    var status = stat()
    return fstat(number, &status) == 0 ? Int(status.st_size) : 0
  }

  /// Maps the whole file, which must stay as it is from now on.
  /// - Throws: `h5.stream` when it is empty; `file.map`.
  func map() throws(Failure) -> ByteStorage {
    let byteCount = byteCount
    guard byteCount > 0 else { throw StreamHeader.malformed("nothing") }
    guard let base = mmap(nil, byteCount, PROT_READ, MAP_SHARED, number, 0), base != MAP_FAILED
    else {
      throw Failure(
        .inputOutput, code: "file.map",
        "a temporary file cannot be mapped: \(FileDescriptor.message(errno))")
    }
    return ByteStorage(
      takingOver: UnsafeRawPointer(base), byteCount: byteCount, isMappedFile: true
    ) { base, count in
      munmap(UnsafeMutableRawPointer(mutating: base), count)
    }
  }

  /// Writes the part `range` of `storage` at the end.
  /// - Throws: `output.write`.
  func write(_ storage: ByteStorage, _ range: Range<Int>) throws(Failure) {
    var done = range.lowerBound
    while done < range.upperBound {
      let rest = range.upperBound - done
      let written = storage.withUnsafeBytes {
        Glibc.write(number, $0.baseAddress.map { $0 + done }, min(rest, 1 << 24))
      }
      if written < 0, errno == EINTR { continue }
      guard written > 0 else {
        throw Failure(
          .inputOutput, code: "output.write",
          "writing a temporary file failed: \(FileDescriptor.message(errno))",
          hint: "TMPDIR names the folder for temporary files")
      }
      done += written
    }
  }

  static func message(_ code: Int32) -> String { String(cString: strerror(code)) }
}
