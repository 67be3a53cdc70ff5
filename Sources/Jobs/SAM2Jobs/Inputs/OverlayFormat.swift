internal import Bytes
internal import Media

/// The format of overlays on pictures.
public enum OverlayFormat: String, Sendable, CaseIterable {
  case jpg
  case png

  /// The default format for a picture with that name: JPEG for JPEG, else PNG.
  init(picture path: String) {
    let name = path.lowercased()
    self = name.hasSuffix(".jpg") || name.hasSuffix(".jpeg") ? .jpg : .png
  }

  /// The encoded bytes of a file.
  /// - Throws: `image.too_large`.
  func encode(_ image: RGBImage) throws(Failure) -> [UInt8] {
    switch self {
    case .jpg: try JPEGWriter.encode(image, quality: 92)
    case .png: try PNGWriter.encode(image)
    }
  }
}
