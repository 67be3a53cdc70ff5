public import Bytes
import Glibc
import Media

/// The folder whose pictures and videos clients may open; nothing outside it is accessible.
///
/// Each component of a path is opened separately from the folder that is already open, and never
/// through a link, so that neither `..` nor a link, even one created at that moment, leads outside.
public final class MediaFolder: Sendable {
  /// Maximum number of file and folder names in a listing.
  public static let listingLimit = 10_000
  private static let pathLimit = 4096
  private let descriptor: Int32

  /// Opens the folder at `path`; the path itself may contain links.
  /// - Throws: `file.missing`, `file.unreadable`, `serve.media_folder`.
  public init(_ path: String) throws(Failure) {
    descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      guard errno == ENOTDIR else { throw .opening(path, errno) }
      throw Failure(
        .missingInput, code: "serve.media_folder", "is a file, not a folder", file: path)
    }
  }

  deinit { close(descriptor) }

  // MARK: - Opening

  /// Opens the file or folder at the relative `path`.
  /// - Throws: `serve.media_path` for a path that is invalid or leads outside;
  ///   `serve.media_missing`.
  public func item(_ path: String) throws(Failure) -> MediaItem {
    let names = try MediaFolder.names(path)
    var current = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    for (index, name) in names.enumerated() {
      guard current >= 0 else { break }
      let isLast = index == names.count - 1
      // Non-blocking, so that a named pipe is refused rather than waited for.
      let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (isLast ? 0 : O_DIRECTORY)
      let next = openat(current, String(name), flags)
      let problem = errno
      close(current)
      guard next >= 0 else { throw MediaFolder.missing(path, problem) }
      current = next
    }
    guard current >= 0 else { throw MediaFolder.missing(path, errno) }
    return try MediaItem(current, path: names.joined(separator: "/"))
  }

  /// The parts of a relative path.
  private static func names(_ path: String) throws(Failure) -> [Substring] {
    let names = path.split(separator: "/", omittingEmptySubsequences: true)
    guard !path.hasPrefix("/"), path.utf8.count <= pathLimit, !path.utf8.contains(0),
      !names.contains(".."), !names.contains(".")
    else {
      throw Failure(
        .badInput, code: "serve.media_path",
        "\"\(printable(path))\" is not a path below the media folder",
        hint: "give a relative path, without \"..\"")
    }
    return names
  }

  private static func missing(_ path: String, _ problem: Int32) -> Failure {
    // Links give the same answer as missing files, so clients do not learn their targets.
    let isPresent = problem == EACCES || problem == EMFILE || problem == ENFILE
    return Failure(
      .missingInput, code: isPresent ? "serve.media_unreadable" : "serve.media_missing",
      isPresent
        ? "cannot be opened: \(String(cString: strerror(problem)))"
        : "there is no such file in the media folder",
      hint: problem == ELOOP ? "links are not followed" : nil, file: printable(path))
  }

  // MARK: - Listing

  /// A file or folder as it appears in a listing.
  public struct Entry: Sendable, Hashable {
    public enum Kind: String, Sendable { case picture, video, folder }
    /// Path below the media folder.
    public let path: String
    public let kind: Kind
  }

  /// The pictures, videos and folders in the folder at `path`, sorted; hidden entries and links are
  /// left out.
  /// - Throws: as `item`; `serve.media_kind` for a file.
  public func entries(_ path: String) throws(Failure) -> [Entry] {
    let folder = try item(path)
    guard folder.isFolder else {
      throw Failure(.badInput, code: "serve.media_kind", "is a file, not a folder", file: path)
    }
    var entries: [Entry] = []
    for name in folder.names.prefix(MediaFolder.listingLimit) where !name.hasPrefix(".") {
      guard let kind = folder.kind(name) else { continue }
      entries.append(Entry(path: folder.path.isEmpty ? name : "\(folder.path)/\(name)", kind: kind))
    }
    return entries
  }
}
