public import Bytes
import Glibc
import Media

/// An open file or folder below the media folder.
public final class MediaItem: Sendable {
  /// Path below the media folder, without a leading slash.
  public let path: String
  public let isFolder: Bool
  public let byteCount: Int
  private let descriptor: Int32

  /// Takes ownership of `descriptor`.
  init(_ descriptor: Int32, path: String) throws(Failure) {
    var status = stat()
    guard fstat(descriptor, &status) == 0,
      [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
    else {
      close(descriptor)
      throw Failure(
        .badInput, code: "serve.media_kind", "is neither a file nor a folder",
        file: printable(path))
    }
    (self.descriptor, self.path) = (descriptor, path)
    isFolder = status.st_mode & S_IFMT == S_IFDIR
    byteCount = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// The last component of the path.
  public var name: String { path.split(separator: "/").last.map(String.init) ?? "" }

  /// All bytes of a file of at most `limit` bytes.
  /// - Throws: `serve.media_kind` for a folder, `serve.too_large`, `file.unreadable`.
  public func bytes(limit: Int) throws(Failure) -> [UInt8] {
    guard !isFolder else {
      throw Failure(.badInput, code: "serve.media_kind", "is a folder, not a file", file: path)
    }
    guard byteCount <= limit else { throw .tooLarge(byteCount, limit) }
    return try FileBytes.read(descriptor, 0..<byteCount)
  }

  /// A path by which this process and its children can reach the open item, even if its names have
  /// changed since.
  public var processPath: String { "/proc/\(getpid())/fd/\(descriptor)" }

  // MARK: - Folders

  /// The names in a folder, sorted; empty for a file.
  public var names: [String] {
    let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0, let stream = fdopendir(copy) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The kind of the folder entry `name`, judged by its name; nil for links and other files.
  func kind(_ name: String) -> MediaFolder.Entry.Kind? {
    var status = stat()
    guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
    if status.st_mode & S_IFMT == S_IFDIR { return .folder }
    guard status.st_mode & S_IFMT == S_IFREG else { return nil }
    let ending = name.lowercased().lastIndex(of: ".").map { String(name.lowercased()[$0...]) } ?? ""
    if ImageFormat.pathExtensions.contains(ending) { return .picture }
    return MediaItem.videoEndings.contains(ending) ? .video : nil
  }

  private static let videoEndings: Set<String> = [
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mts",
  ]

  /// Opens the file `name` in a folder; it may not be a link.
  /// - Throws: `serve.media_missing`.
  public func file(_ name: String) throws(Failure) -> MediaItem {
    let inner = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard inner >= 0 else {
      throw Failure(
        .missingInput, code: "serve.media_missing", "there is no such file in the media folder",
        file: printable("\(path)/\(name)"))
    }
    return try MediaItem(inner, path: "\(path)/\(name)")
  }
}
