internal import Bytes
internal import Media

/// The format of overlays on pictures.
public enum OverlayFormat: String, Sendable, CaseIterable {
  case jpg
  case png

  /// The format for a picture of that name if nobody asks for one: JPEG for JPEG, else PNG.
  init(picture path: String) {
    let name = path.lowercased()
    self = name.hasSuffix(".jpg") || name.hasSuffix(".jpeg") ? .jpg : .png
  }

  /// Bytes of a file.
  /// - Throws: `image.too_large`.
  func encode(_ image: RGBImage) throws(Failure) -> [UInt8] {
    switch self {
    case .jpg: try JPEGWriter.encode(image, quality: 92)
    case .png: try PNGWriter.encode(image)
    }
  }
}
