import Bytes
import CImageCodecs

/// Decodes PNG files to RGB8, and detects what is lost in doing so: low bits, transparency, frames.
enum PNGPicture {
  /// A picture from a 12-bit camera keeps fewer than this many of 256 levels.
  private static let fewLevels = 64

  static func decode(
    _ bytes: [UInt8], size: codec_size, _ range: SampleRange
  ) throws(Failure) -> RGBImage {
    var found = codec_samples()
    var image = try decode(bytes, size, full, &found)
    guard found.depth == 16 else {
      image.notices = notices(found, of: image)
      return image
    }
    let requested: codec_range =
      switch range {
      case .full: full
      case .automatic: codec_range(low: found.low, high: max(found.low, found.high))
      case .values(let values): codec_range(low: values.lowerBound, high: values.upperBound)
      }
    if range != .full { image = try decode(bytes, size, requested, &found) }
    image.notices = notices(found, of: image) + [depthNotice(found, requested)].compactMap(\.self)
    return image
  }

  private static let full = codec_range(low: 0, high: .max)

  private static func decode(
    _ bytes: [UInt8], _ size: codec_size, _ range: codec_range, _ found: inout codec_samples
  ) throws(Failure) -> RGBImage {
    var samples = codec_samples()
    let pixels = try ImageReader.rows(of: size, .png) { output, report in
      codec_png_decode_rgb(bytes, bytes.count, size, range, output, &samples, report)
    }
    found = samples
    return RGBImage(width: Int(size.width), height: Int(size.height), pixels: pixels)
  }

  /// The range of sample values in a 16-bit PNG; nil for one with fewer bits.
  static func sampleRange(of bytes: [UInt8], size: codec_size) throws(Failure) -> SampleRange? {
    var found = codec_samples()
    _ = try decode(bytes, size, full, &found)
    return found.depth == 16 ? .values(found.low...max(found.low, found.high)) : nil
  }

  // MARK: - Notices

  private static func notices(_ found: codec_samples, of image: RGBImage) -> [Notice] {
    var notices: [Notice] = []
    if found.transparent > 0 {
      let share = 100 * Double(found.transparent) / Double(image.width * image.height)
      notices.append(
        Notice(
          .leftOut, code: "image.alpha",
          "the transparency is left out: \(percent(share)) of the pixels are not opaque",
          hint: "put the picture on a background first if that matters"))
    }
    if found.is_animated != 0 {
      notices.append(
        Notice(
          .leftOut, code: "image.animated", "the PNG is animated; its first picture is taken",
          hint: "extract its frames into a folder to have them all"))
    }
    return notices
  }

  /// The notice that in 8 bits the picture keeps only a few of 256 levels.
  private static func depthNotice(_ found: codec_samples, _ range: codec_range) -> Notice? {
    let width = Int(range.high) - Int(range.low) + 1
    let (low, high) = (max(found.low, range.low), min(found.high, range.high))
    guard low < high, found.high > found.low else { return nil }
    let levels = (Int(high) - Int(low)) * 256 / width + 1
    guard levels < fewLevels else { return nil }
    let bits = max(9, 16 - found.high.leadingZeroBitCount)
    let top = (1 << bits) - 1
    return Notice(
      .reinterpreted, code: "image.depth",
      "the samples are \(found.low) to \(found.high) of 16 bits, which is \(levels) of 256 levels "
        + "in the 8 bits that the model sees",
      hint: "--sample-range 0,\(top) takes them as \(bits) bits, --sample-range auto spreads them")
  }

  private static func percent(_ share: Double) -> String {
    share < 1 ? "less than 1 %" : "\(Int(share.rounded())) %"
  }
}
