public import Bytes
import CImageCodecs

/// Encodes 8-bit PNG files; the same pixels give the same bytes with the same libpng and zlib.
public enum PNGWriter {
  /// An RGB picture.
  public static func encode(_ image: RGBImage) throws(Failure) -> [UInt8] {
    try encode(image.pixels, width: image.width, height: image.height, channels: 3)
  }

  /// Red, green, blue and alpha, [height, width, 4].
  public static func encodeRGBA(
    _ pixels: [UInt8], width: Int, height: Int
  ) throws(Failure) -> [UInt8] {
    try encode(pixels, width: width, height: height, channels: 4)
  }

  /// Gray levels, [height, width].
  public static func encodeGray(
    _ levels: [UInt8], width: Int, height: Int
  ) throws(Failure) -> [UInt8] {
    try encode(levels, width: width, height: height, channels: 1)
  }

  /// A mask as white (255) on black (0).
  public static func encode(_ mask: BinaryMask) throws(Failure) -> [UInt8] {
    try encodeGray(mask.bits.map { $0 ? 255 : 0 }, width: mask.width, height: mask.height)
  }

  /// Object identifiers as palette indices, with the DAVIS colours: readers get the identifiers,
  /// viewers show colours.
  public static func encode(_ labels: LabelMap) throws(Failure) -> [UInt8] {
    try encode(
      labels.labels, width: labels.width, height: labels.height, channels: 1,
      palette: DAVISPalette.bytes)
  }

  private static func encode(
    _ pixels: [UInt8], width: Int, height: Int, channels: Int, palette: [UInt8]? = nil
  ) throws(Failure) -> [UInt8] {
    precondition(width > 0 && height > 0 && pixels.count == channels * width * height)
    let size = Codec.size(width: width, height: height)
    return try Codec.encode { bytes, report in
      if let palette {
        codec_png_encode(pixels, size, Int32(channels), palette, bytes, report)
      } else {
        codec_png_encode(pixels, size, Int32(channels), nil, bytes, report)
      }
    }
  }
}

extension PNGWriter {
  /// Writes an RGB picture to `path`; see `PictureFile.write`.
  public static func write(_ image: RGBImage, to path: String) throws(Failure) {
    try PictureFile.write(encode(image), to: path)
  }

  /// Writes a mask with values 0 and 255 to `path`; see `PictureFile.write`.
  public static func write(_ mask: BinaryMask, to path: String) throws(Failure) {
    try PictureFile.write(encode(mask), to: path)
  }

  /// Writes a palette PNG to `path`; see `PictureFile.write`.
  public static func write(_ labels: LabelMap, to path: String) throws(Failure) {
    try PictureFile.write(encode(labels), to: path)
  }
}
