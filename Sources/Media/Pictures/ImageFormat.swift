/// The picture formats that can be read, recognised by content and never by file name.
public enum ImageFormat: String, Sendable, CaseIterable {
  case jpeg = "JPEG"
  case png = "PNG"

  /// The format that `bytes` begin with, if it is one of ours.
  public init?(sniffing bytes: some Sequence<UInt8>) {
    let head = Array(bytes.prefix(8))
    if head.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if head == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] {
      self = .png
    } else {
      return nil
    }
  }

  /// For messages: `JPEG, PNG`.
  static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
