public import Bytes

/// The contents of a mask file: an object number for each pixel, 0 for background.
///
/// Every command reads masks through this type, so that a file always means the same thing:
/// palettes hold object numbers, and so do gray levels that form areas; levels that form ramps
/// between black and white are one object with soft edges; three equal channels are gray;
/// transparency around a cut-out is its mask; a few colours are objects. `notices` name the reading
/// if there was a choice.
public struct MaskPicture: Sendable {
  public let width: Int
  public let height: Int
  /// [height, width].
  public let labels: [UInt16]
  public let notices: [Notice]

  /// Objects with fewer pixels than this are doubted.
  private static let fewPixels = 10

  init(width: Int, height: Int, labels: [UInt16], notices: [Notice]) {
    (self.width, self.height, self.labels, self.notices) = (width, height, labels, notices)
  }

  /// The object numbers present, ascending, without background.
  public var identifiers: [Int] {
    var present = [Bool](repeating: false, count: 1 << 16)
    for label in labels { present[Int(label)] = true }
    return (1..<present.count).filter { present[$0] }
  }

  /// The pixels of one object.
  public func mask(of identifier: Int) -> BinaryMask {
    BinaryMask(width: width, height: height, bits: labels.map { Int($0) == identifier })
  }

  /// The pixels of all objects.
  public var union: BinaryMask {
    BinaryMask(width: width, height: height, bits: labels.map { $0 != 0 })
  }

  /// Reads a mask from any kind of PNG or from another picture.
  ///
  /// Failures as in `ImageReader.read`; `mask.empty` if it marks nothing, unless `allowsEmpty`;
  /// `mask.colours`, `mask.ambiguous` if no reading suits it.
  public static func read(
    _ path: String, as reading: MaskReading = .auto, options: PictureOptions = PictureOptions(),
    allowsEmpty: Bool = false
  ) throws(Failure) -> MaskPicture {
    do throws(Failure) {
      let bytes = try WholeFile.read(path, limit: options.maximumByteCount)
      let picture = try decode(
        bytes, as: reading, options: options, allowsEmpty: allowsEmpty)
      return MaskPicture(
        width: picture.width, height: picture.height, labels: picture.labels,
        notices: picture.notices.map { $0.about(file: path) })
    } catch {
      throw error.about(file: path)
    }
  }

  static func decode(
    _ bytes: [UInt8], as reading: MaskReading = .auto, options: PictureOptions = PictureOptions(),
    allowsEmpty: Bool = false
  ) throws(Failure) -> MaskPicture {
    let samples = try MaskSamples(bytes, options: options)
    var notices = samples.notices
    let labels = try samples.labels(as: reading, &notices)
    guard allowsEmpty || labels.contains(where: { $0 != 0 }) else {
      throw Failure(.badInput, code: "mask.empty", "the mask marks no pixel")
    }
    let picture = MaskPicture(
      width: samples.width, height: samples.height, labels: labels, notices: notices)
    return MaskPicture(
      width: picture.width, height: picture.height, labels: labels,
      notices: notices + picture.doubts)
  }

  /// Notices about objects with hardly any pixels.
  private var doubts: [Notice] {
    var counts = [Int](repeating: 0, count: 1 << 16)
    for label in labels { counts[Int(label)] += 1 }
    let small = (1..<counts.count).filter { (1..<MaskPicture.fewPixels).contains(counts[$0]) }
    guard let first = small.first else { return [] }
    let others = small.count > 1 ? ", and \(small.count - 1) more objects hardly more" : ""
    return [
      Notice(
        .reinterpreted, code: "mask.small",
        "object \(first) has \(counts[first]) of \(labels.count) pixels" + others,
        hint: "choose the meaning of the values with --mask-reading")
    ]
  }
}
