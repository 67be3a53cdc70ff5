public import Bytes
import CImageCodecs

/// Decodes JPEG, PNG and WebP files to RGB8, with the same pixels as Pillow's `convert("RGB")`.
///
/// The header is read first and its pixel count checked against a cap before any pixel is
/// allocated. One difference from Pillow: a 16-bit gray PNG keeps the high byte of its samples,
/// or the range given by `PictureOptions.sampleRange`, where Pillow clips everything above 255 to
/// white. WebP is decoded by the ffmpeg program, in a separate process.
///
/// Anything lost in reading a picture is reported in its `notices`.
public enum ImageReader {
  /// Maximum width times height unless the caller sets another limit.
  public static let defaultMaximumPixels = 100_000_000
  /// No real progressive JPEG has more; a hostile one has tens of thousands, each a full pass.
  static let jpegScanLimit: Int32 = 1000

  /// Reads the picture at `path`.
  ///
  /// With `applyingOrientation`, pixels are rotated upright according to a JPEG's or WebP's EXIF
  /// orientation, as in viewers, and `appliedOrientation` records it. The official SAM 2 predictors
  /// ignore the tag; pass `false` to get the same pixels as they do.
  ///
  /// Failures: `file.missing`, `file.unreadable`, `image.format`, `image.too_large`,
  /// `image.damaged`, `image.unsupported`; for WebP `ffmpeg.missing`.
  public static func read(
    _ path: String, options: PictureOptions = PictureOptions(), applyingOrientation: Bool = true
  ) throws(Failure) -> RGBImage {
    do throws(Failure) {
      return try decode(
        WholeFile.read(path, limit: options.maximumByteCount), options: options,
        applyingOrientation: applyingOrientation)
    } catch {
      throw error.about(file: path)
    }
  }

  /// Decodes the bytes of a complete picture file; see `read`.
  public static func decode(
    _ bytes: [UInt8], options: PictureOptions = PictureOptions(), applyingOrientation: Bool = true
  ) throws(Failure) -> RGBImage {
    let format = try format(of: bytes)
    let size = try size(of: bytes, format: format, maximumPixels: options.maximumPixels)
    let image = try decode(bytes, format: format, size: size, options.sampleRange)
    guard applyingOrientation, let orientation = orientation(of: bytes, format) else {
      return image
    }
    return orientation.applied(to: image)
  }

  static func orientation(of bytes: [UInt8], _ format: ImageFormat) -> Orientation? {
    switch format {
    case .jpeg: Orientation(jpeg: bytes)
    case .png: nil
    case .webp: (try? WebPFile(bytes))?.exif.flatMap { Orientation(exif: bytes[$0]) }
    }
  }

  /// Width and height as stored, from the header alone.
  public static func size(
    ofFile path: String, options: PictureOptions = PictureOptions()
  ) throws(Failure) -> (width: Int, height: Int) {
    do throws(Failure) {
      let bytes = try WholeFile.read(path, limit: options.maximumByteCount)
      let size = try size(
        of: bytes, format: format(of: bytes), maximumPixels: options.maximumPixels)
      return (Int(size.width), Int(size.height))
    } catch {
      throw error.about(file: path)
    }
  }

  /// The range of sample values in a 16-bit PNG; nil for other pictures.
  static func sampleRange(
    ofFile path: String, options: PictureOptions
  ) throws(Failure) -> SampleRange? {
    do throws(Failure) {
      let bytes = try WholeFile.read(path, limit: options.maximumByteCount)
      let format = try format(of: bytes)
      guard format == .png else { return nil }
      let size = try size(of: bytes, format: format, maximumPixels: options.maximumPixels)
      return try PNGPicture.sampleRange(of: bytes, size: size)
    } catch {
      throw error.about(file: path)
    }
  }

  // MARK: - Steps

  static func format(of bytes: [UInt8]) throws(Failure) -> ImageFormat {
    if let format = ImageFormat(sniffing: bytes) { return format }
    throw Failure(
      .badInput, code: "image.format",
      bytes.isEmpty ? "the file is empty" : "the file is not a picture of a known format",
      hint: "supported formats: \(ImageFormat.list)", cause: .unknownFormat)
  }

  static func size(
    of bytes: [UInt8], format: ImageFormat, maximumPixels: Int
  ) throws(Failure) -> codec_size {
    var report = codec_report()
    let size: codec_size =
      switch format {
      case .jpeg: codec_jpeg_size(bytes, bytes.count, &report)
      case .png: codec_png_size(bytes, bytes.count, &report)
      case .webp: try webpSize(bytes)
      }
    try Codec.check(report, format: format.rawValue)
    // Two 32-bit numbers: their product fits in Int.
    let pixelCount = Int(size.width) * Int(size.height)
    guard pixelCount > 0 else {
      throw Failure(.badInput, code: "image.damaged", "the \(format.rawValue) has no pixels")
    }
    guard pixelCount <= maximumPixels else {
      throw Failure(
        .badInput, code: "image.too_large",
        "\(size.width)x\(size.height) is \(pixelCount) pixels, more than the limit of "
          + "\(maximumPixels)",
        hint: "scale the picture down, or raise the limit (sam2: --max-pixels)")
    }
    return size
  }

  private static func webpSize(_ bytes: [UInt8]) throws(Failure) -> codec_size {
    let file = try WebPFile(bytes)
    return Codec.size(width: file.width, height: file.height)
  }

  private static func decode(
    _ bytes: [UInt8], format: ImageFormat, size: codec_size, _ range: SampleRange
  ) throws(Failure) -> RGBImage {
    let (width, height) = (Int(size.width), Int(size.height))
    switch format {
    case .webp:
      return RGBImage(width: width, height: height, pixels: try WebPFile(bytes).decode(bytes))
    case .jpeg:
      let pixels = try rows(of: size, .jpeg) { output, report in
        codec_jpeg_decode(bytes, bytes.count, size, output, jpegScanLimit, report)
      }
      return RGBImage(width: width, height: height, pixels: pixels)
    case .png: return try PNGPicture.decode(bytes, size: size, range)
    }
  }

  /// The RGB8 rows that `body` writes.
  static func rows(
    of size: codec_size, _ format: ImageFormat,
    _ body: (UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<codec_report>) -> Void
  ) throws(Failure) -> [UInt8] {
    var report = codec_report()
    let byteCount = 3 * Int(size.width) * Int(size.height)
    let pixels = [UInt8](unsafeUninitializedCapacity: byteCount) { output, count in
      // Rows that a damaged file never delivers must not show old memory.
      output.initialize(repeating: 0)
      body(output.baseAddress, &report)
      count = byteCount
    }
    try Codec.check(report, format: format.rawValue)
    return pixels
  }
}
