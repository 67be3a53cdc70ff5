public import Bytes
import CImageCodecs

/// One object identifier per pixel, 0 for background, as in DAVIS label images.
public struct LabelMap: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// [height, width].
  public var labels: [UInt8]

  /// `labels` must hold width * height values.
  public init(width: Int, height: Int, labels: [UInt8]) {
    precondition(width > 0 && height > 0 && labels.count == width * height)
    self.width = width
    self.height = height
    self.labels = labels
  }

  /// Paints `masks` over one another; where they overlap, the lowest identifier wins, as in the
  /// official DAVIS writer.
  ///
  /// Failure `labels.identifier` for an identifier outside 1...255.
  public init(
    width: Int, height: Int, masks: [(identifier: Int, mask: BinaryMask)]
  ) throws(Failure) {
    var labels = [UInt8](repeating: 0, count: width * height)
    for (identifier, mask) in masks.sorted(by: { $0.identifier > $1.identifier }) {
      guard let label = UInt8(exactly: identifier), label > 0 else {
        throw Failure(
          .usage, code: "labels.identifier",
          "object identifier \(identifier) does not fit in a palette PNG (1 to 255)",
          hint: "renumber the objects, or write one PNG an object")
      }
      precondition(mask.width == width && mask.height == height)
      for i in labels.indices where mask.bits[i] { labels[i] = label }
    }
    self.init(width: width, height: height, labels: labels)
  }

  /// The pixels of one object.
  public func mask(of identifier: Int) -> BinaryMask {
    BinaryMask(width: width, height: height, bits: labels.map { Int($0) == identifier })
  }

  /// The identifiers present, ascending, without background.
  public var identifiers: [Int] {
    var present = [Bool](repeating: false, count: 256)
    for label in labels { present[Int(label)] = true }
    return (1..<256).filter { present[$0] }
  }

  /// Reads a palette or gray PNG without converting its samples to colours.
  ///
  /// Failures as in `ImageReader.read`; `image.unsupported` for RGB or 16-bit files.
  public static func read(
    _ path: String, maximumPixels: Int = ImageReader.defaultMaximumPixels
  ) throws(Failure) -> LabelMap {
    do throws(Failure) {
      let options = PictureOptions(maximumPixels: maximumPixels)
      return try decode(
        WholeFile.read(path, limit: options.maximumByteCount), maximumPixels: maximumPixels)
    } catch {
      throw error.about(file: path)
    }
  }

  private static let labelHint = "save it as an 8-bit gray or palette PNG"

  static func decode(_ bytes: [UInt8], maximumPixels: Int) throws(Failure) -> LabelMap {
    guard try ImageReader.format(of: bytes) == .png else {
      throw Failure(
        .badInput, code: "image.unsupported", "a label image must be a palette or gray PNG",
        hint: labelHint)
    }
    let size = try ImageReader.size(of: bytes, format: .png, maximumPixels: maximumPixels)
    var report = codec_report()
    var labels = [UInt8](repeating: 0, count: Int(size.width) * Int(size.height))
    codec_png_decode_samples(bytes, bytes.count, size, &labels, &report)
    try Codec.check(report, format: "PNG", unsupportedHint: labelHint)
    return LabelMap(width: Int(size.width), height: Int(size.height), labels: labels)
  }
}
