/// The EXIF orientation tag: the transformation that makes stored pixels upright.
enum Orientation: Int {
  case upright = 1
  case mirroredHorizontally, rotatedHalf, mirroredVertically
  case transposed, rotatedRight, transversed, rotatedLeft

  /// The orientation a JPEG file declares in its APP1 segment; nil if the tag is missing or broken.
  init?(jpeg bytes: [UInt8]) {
    guard let tiff = Orientation.exifBlock(of: bytes) else { return nil }
    guard let value = Orientation.tag(in: bytes[tiff]) else { return nil }
    self.init(rawValue: value)
  }

  /// The orientation in an EXIF block, which may start with the signature used in JPEG files.
  init?(exif block: ArraySlice<UInt8>) {
    let hasSignature = block.starts(with: Orientation.exifSignature)
    guard let value = Orientation.tag(in: block.dropFirst(hasSignature ? 6 : 0)) else { return nil }
    self.init(rawValue: value)
  }

  /// Walks the segments up to the first scan and returns the TIFF block of the EXIF segment.
  private static func exifBlock(of bytes: [UInt8]) -> Range<Int>? {
    var offset = 2
    while offset + 4 <= bytes.count, bytes[offset] == 0xFF {
      let marker = bytes[offset + 1]
      if marker == 0xFF {
        // Fill bytes may precede a marker.
        offset += 1
        continue
      }
      let length = Int(bytes[offset + 2]) << 8 | Int(bytes[offset + 3])
      let end = offset + 2 + length
      guard marker != 0xDA, marker != 0xD9, length >= 2, end <= bytes.count else { return nil }
      let body = offset + 4
      if marker == 0xE1, end - body > 6, bytes[body..<body + 6].elementsEqual(exifSignature) {
        return body + 6..<end
      }
      offset = end
    }
    return nil
  }

  private static let exifSignature: [UInt8] = [0x45, 0x78, 0x69, 0x66, 0, 0]

  /// The value of tag 0x0112 in the first directory of a TIFF block.
  private static func tag(in tiff: ArraySlice<UInt8>) -> Int? {
    let start = tiff.startIndex
    guard tiff.count >= 8 else { return nil }
    let isLittleEndian = tiff[start] == 0x49
    guard tiff[start + 1] == tiff[start], isLittleEndian || tiff[start] == 0x4D else { return nil }

    func number(at offset: Int, bytes count: Int) -> Int? {
      guard offset >= 0, offset <= tiff.count - count else { return nil }
      let field = tiff[start + offset..<start + offset + count]
      return isLittleEndian
        ? field.reversed().reduce(0) { $0 << 8 | Int($1) }
        : field.reduce(0) { $0 << 8 | Int($1) }
    }

    guard number(at: 2, bytes: 2) == 42, let directory = number(at: 4, bytes: 4),
      let entryCount = number(at: directory, bytes: 2)
    else { return nil }
    for entry in 0..<entryCount {
      let offset = directory + 2 + 12 * entry
      guard let tag = number(at: offset, bytes: 2) else { return nil }
      // Type 3 is a 16-bit number; it sits in the first half of the value field.
      if tag == 0x0112, number(at: offset + 2, bytes: 2) == 3 {
        return number(at: offset + 8, bytes: 2)
      }
    }
    return nil
  }

  /// Whether width and height are swapped.
  var swapsAxes: Bool { rawValue >= 5 }

  /// The picture rotated upright, with `appliedOrientation` set.
  func applied(to image: RGBImage) -> RGBImage {
    guard self != .upright else { return image }
    let (width, height) =
      swapsAxes ? (image.height, image.width) : (image.width, image.height)
    let (right, bottom) = (image.width - 1, image.height - 1)
    var result = RGBImage(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width {
        switch self {
        case .upright: result[x, y] = image[x, y]
        case .mirroredHorizontally: result[x, y] = image[right - x, y]
        case .rotatedHalf: result[x, y] = image[right - x, bottom - y]
        case .mirroredVertically: result[x, y] = image[x, bottom - y]
        case .transposed: result[x, y] = image[y, x]
        case .rotatedRight: result[x, y] = image[y, bottom - x]
        case .transversed: result[x, y] = image[right - y, bottom - x]
        case .rotatedLeft: result[x, y] = image[right - y, x]
        }
      }
    }
    result.appliedOrientation = rawValue
    result.notices = image.notices
    return result
  }
}
