public import Bytes
import CImageCodecs

/// Encodes baseline JPEG files.
public enum JPEGWriter {
  /// `quality` is 1...100; chroma has half resolution.
  public static func encode(_ image: RGBImage, quality: Int = 95) throws(Failure) -> [UInt8] {
    precondition((1...100).contains(quality))
    let limit = 65_500
    guard image.width <= limit, image.height <= limit else {
      throw Failure(
        .badInput, code: "image.too_large",
        "\(image.width)x\(image.height) does not fit in a JPEG (\(limit) pixels a side)",
        hint: "write a PNG")
    }
    let size = Codec.size(width: image.width, height: image.height)
    return try Codec.encode { bytes, report in
      codec_jpeg_encode(image.pixels, size, Int32(quality), bytes, report)
    }
  }

  /// Writes a picture to `path`; see `PictureFile.write`.
  public static func write(
    _ image: RGBImage, to path: String, quality: Int = 95
  ) throws(Failure) {
    try PictureFile.write(encode(image, quality: quality), to: path)
  }
}
