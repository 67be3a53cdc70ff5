import Bytes
import Media

/// The file of an open picture, and how to read it again.
public struct PictureSource: Sendable {
  enum Place: Sendable {
    /// In memory: an upload to a server without its own folder.
    case memory([UInt8])
    /// Below the media folder.
    case media(String)
    /// Among the stored sessions.
    case stored(String)
  }

  /// The last component of its path, by which exports know it.
  public let name: String
  public let contents: ContentHash
  /// Size when upright.
  public let width: Int
  public let height: Int
  var place: Place

  /// The path below the media folder; nil for an upload.
  public var mediaPath: String? {
    if case .media(let path) = place { path } else { nil }
  }

  /// Bytes that the picture occupies in memory.
  var memoryByteCount: Int {
    if case .memory(let bytes) = place { bytes.count } else { 0 }
  }
}

/// Names that clients give to their uploads.
enum UploadName {
  private static let limit = 120

  /// The last component of `name`, without characters that have a meaning in paths or cannot be
  /// printed.
  static func cleaned(_ name: String, default preset: String) -> String {
    let last = name.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map(String.init) ?? ""
    let kept = String(
      String.UnicodeScalarView(
        last.unicodeScalars.filter { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }))
    let short = String(kept.prefix(limit))
    return short.isEmpty || short.allSatisfy({ $0 == "." }) ? preset : short
  }
}
