/// The supported picture formats, recognised by content, never by file name.
public enum ImageFormat: String, Sendable, CaseIterable {
  case jpeg = "JPEG"
  case png = "PNG"
  case webp = "WebP"

  /// The format of a file that begins with `bytes`, if it is supported.
  public init?(sniffing bytes: some Sequence<UInt8>) {
    let head = Array(bytes.prefix(12))
    if head.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if head.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else if head.starts(with: Array("RIFF".utf8)), head.dropFirst(8).elementsEqual("WEBP".utf8) {
      self = .webp
    } else {
      return nil
    }
  }

  /// For use in messages: `JPEG, PNG, WebP`.
  static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }

  /// File name extensions of this format, in lower case; only for finding pictures in folders.
  public var pathExtensions: [String] {
    switch self {
    case .jpeg: [".jpg", ".jpeg", ".jpe", ".jfif"]
    case .png: [".png"]
    case .webp: [".webp"]
    }
  }

  /// The extensions of all formats.
  public static var pathExtensions: [String] { allCases.flatMap(\.pathExtensions) }
}
