import Bytes
import Media
import Testing

/// A file that is not, or not quite, a picture, and how reading it must end.
struct BadPicture: Sendable, CustomTestStringConvertible {
  let name: String
  /// The code of the failure; nil for a picture that is odd and fine.
  let code: String?
  let make: @Sendable () throws -> [UInt8]

  init(_ name: String, _ code: String?, _ make: @escaping @Sendable () throws -> [UInt8]) {
    (self.name, self.code, self.make) = (name, code, make)
  }

  var testDescription: String { name }
}

@Suite("Bad pictures end in their failures, odd ones are read")
struct BadPictureTests {
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  static func chunk(_ kind: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(kind.utf8) + data
    return bigEndian(data.count) + body
      + bigEndian(Int(body.withUnsafeBytes { CRC32.checksum($0) }))
  }

  static func bigEndian(_ number: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
  }

  /// A PNG of this header, followed by the pixels of an 8-bit RGB picture of 13x9.
  static func png(
    width: Int = 13, height: Int = 9, depth: UInt8 = 8, colour: UInt8 = 2, extra: [UInt8] = []
  ) throws -> [UInt8] {
    let good = try Fixture.bytes("rgb8_13x9.png")
    let header = bigEndian(width) + bigEndian(height) + [depth, colour, 0, 0, 0]
    return signature + chunk("IHDR", header) + extra + good[33...]
  }

  /// A JPEG with other bytes at places counted from the marker of its frame header.
  static func jpeg(_ changes: [Int: UInt8], _ file: String = "baseline420_37x29.jpg") throws
    -> [UInt8]
  {
    var bytes = try Fixture.bytes(file)
    let frame = try #require(
      bytes.indices.dropLast().first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xC0 })
    for (offset, byte) in changes { bytes[frame + offset] = byte }
    return bytes
  }

  static func text(_ text: String) -> @Sendable () -> [UInt8] { { Array(text.utf8) } }

  static let pictures: [BadPicture] = [
    BadPicture("no bytes", "image.format") { [] },
    BadPicture("text", "image.format", text("not a picture")),
    BadPicture(
      "Git LFS pointer", "image.format", text("version https://git-lfs.github.com/spec/v1")),
    // Formats that are not read.
    BadPicture("GIF", "image.format", text("GIF89a....................")),
    BadPicture("BMP", "image.format", text("BM........................")),
    BadPicture("TIFF", "image.format") { [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0] },
    BadPicture("AVIF", "image.format", text("\0\0\0\u{1C}ftypavif\0\0\0\0avifmif1")),
    BadPicture("HEIC", "image.format", text("\0\0\0\u{1C}ftypheic\0\0\0\0heicmif1")),
    BadPicture("SVG", "image.format", text("<svg xmlns='http://www.w3.org/2000/svg'/>")),
    BadPicture("RIFF that is not WebP", "image.format", text("RIFF\u{10}\0\0\0WAVEfmt ")),
    // PNG.
    BadPicture("PNG with a broken signature", "image.format") {
      [0x8A] + (try Fixture.bytes("rgb8_13x9.png")[1...])
    },
    BadPicture("PNG that was copied as text", "image.format") {
      try Fixture.bytes("rgb8_13x9.png").flatMap { $0 == 0x0D ? [] : [$0] }
    },
    BadPicture("PNG that is its signature", "image.damaged") { signature },
    BadPicture("PNG of 2147483647x1", "image.too_large") {
      try png(width: 0x7FFF_FFFF, height: 1)
    },
    BadPicture("PNG of 1000000x1000000", "image.too_large") {
      try png(width: 1_000_000, height: 1_000_000)
    },
    BadPicture("PNG wider than the format allows", "image.damaged") {
      try png(width: 0x8000_0000, height: 1)
    },
    BadPicture("PNG without a row", "image.damaged") { try png(height: 0) },
    BadPicture("PNG with more rows than data", "image.damaged") { try png(height: 90) },
    BadPicture("PNG of bit depth 3", "image.damaged") { try png(depth: 3) },
    BadPicture("PNG of colour type 5", "image.damaged") { try png(colour: 5) },
    BadPicture("PNG with a palette that is missing", "image.damaged") { try png(colour: 3) },
    BadPicture("PNG without pixels", "image.damaged") {
      let header = bigEndian(4) + bigEndian(4) + [8, 2, 0, 0, 0]
      return signature + chunk("IHDR", header) + chunk("IEND", [])
    },
    BadPicture("PNG with an invalid colour profile", nil) {
      try png(extra: chunk("iCCP", [0x41, 0, 0] + [UInt8](repeating: 7, count: 400)))
    },
    BadPicture("animated PNG: its first frame", nil) {
      try png(extra: chunk("acTL", bigEndian(2) + bigEndian(0)))
    },
    BadPicture("bytes after a PNG", nil) { try png() + [1, 2, 3] },
    // JPEG.
    BadPicture("JPEG that is its marker", "image.damaged") { [0xFF, 0xD8, 0xFF] },
    BadPicture("JPEG of 65535x65535", "image.too_large") {
      try jpeg([5: 0xFF, 6: 0xFF, 7: 0xFF, 8: 0xFF])
    },
    BadPicture("JPEG without rows (DNL)", "image.damaged") { try jpeg([5: 0, 6: 0]) },
    BadPicture("JPEG without columns", "image.damaged") { try jpeg([7: 0, 8: 0]) },
    BadPicture("JPEG of 12 bits", "image.unsupported") { try jpeg([4: 12]) },
    BadPicture("lossless JPEG", "image.unsupported") { try jpeg([1: 0xC3]) },
    BadPicture("hierarchical JPEG", "image.unsupported") { try jpeg([1: 0xC5]) },
    // WebP.
    BadPicture("WebP that is its signature", "image.damaged", text("RIFF\u{4}\0\0\0WEBP")),
    BadPicture("WebP with a chunk beyond its end", "image.damaged") {
      try Array(Fixture.bytes("lossless_37x29.webp").dropLast(100))
    },
    BadPicture("animated WebP", "image.unsupported") { try Fixture.bytes("animated.webp") },
  ]

  @Test("by code", arguments: pictures)
  func table(_ picture: BadPicture) throws {
    let bytes = try picture.make()
    if let code = picture.code {
      expectFailure(code, .badInput) { try ImageReader.decode(bytes) }
    } else {
      let image = try ImageReader.decode(bytes)
      #expect(try image.pixels == Fixture.bytes("rgb8_13x9.rgb"))
    }
  }

  @Test("The message of an unknown format names the known ones")
  func hint() {
    do {
      _ = try ImageReader.decode(Array("GIF89a".utf8))
      Issue.record("read a GIF")
    } catch {
      #expect(error.description.contains("JPEG, PNG, WebP"))
    }
  }

  @Test("A JPEG that claims arithmetic coding is noise of its size, or refused")
  func arithmeticCoding() throws {
    // Any data are pixels to an arithmetic decoder, if the library has one.
    let bytes = try Self.jpeg([1: 0xC9])
    do {
      let image = try ImageReader.decode(bytes)
      #expect((image.width, image.height) == (37, 29))
    } catch {
      #expect(["image.damaged", "image.unsupported"].contains(error.code))
    }
  }

  @Test("A JPEG of four colours is read as CMYK or YCCK, as it declares")
  func fourColours() throws {
    var bytes = try Fixture.bytes("cmyk_37x29.jpg")
    let mark = try #require(bytes.indices.first { bytes[$0...].starts(with: Array("Adobe".utf8)) })
    let cmyk = try ImageReader.decode(bytes)
    // The last byte of the block identifies the four channels.
    bytes[mark + 11] = bytes[mark + 11] == 2 ? 0 : 2
    let ycck = try ImageReader.decode(bytes)
    #expect((ycck.width, ycck.height) == (37, 29))
    let isOther = ycck.pixels != cmyk.pixels
    #expect(isOther)
  }

  @Test("An invalid EXIF orientation leaves the picture as it is", arguments: [0, 9, 255])
  func oddOrientation(_ value: UInt8) throws {
    var bytes = try Fixture.bytes("orientation6.jpg")
    // The entry: tag 0x0112, type 3, one value.
    let entries: [[UInt8]] = [
      [1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6], [0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0],
    ]
    let place = try #require(
      bytes.indices.first { start in entries.contains { bytes[start...].starts(with: $0) } })
    let isBigEndian = bytes[place] == 1
    bytes[place + (isBigEndian ? 9 : 8)] = value
    let image = try ImageReader.decode(bytes)
    #expect((image.width, image.height, image.appliedOrientation) == (12, 7, 1))
  }

  @Test("An EXIF block that is cut anywhere leaves the picture as it is, or rotates it")
  func brokenEXIF() throws {
    let bytes = try Fixture.bytes("orientation6.jpg")
    let block = try #require(bytes.indices.first { bytes[$0...].starts(with: Array("Exif".utf8)) })
    for offset in 0..<24 {
      var broken = bytes
      broken[block + offset] ^= 0xFF
      let image = try ImageReader.decode(broken)
      #expect(image.width * image.height == 84)
    }
  }
}

@Suite("WebP", .enabled(if: hasFFmpeg))
struct WebPTests {
  @Test("lossless files give Pillow's pixels", arguments: ["lossless_37x29", "alpha_37x29"])
  func lossless(_ name: String) throws {
    let image = try ImageReader.read(Fixture.path("\(name).webp"))
    #expect(try image.pixels == Fixture.bytes("\(name).rgb"))
    #expect(try ImageReader.size(ofFile: Fixture.path("\(name).webp")) == (37, 29))
  }

  /// Mean absolute difference from Pillow's pixels, in levels.
  ///
  /// Colour, stored at half resolution, is interpolated differently. This picture is small and
  /// noisy, the worst case; on a photograph the difference is below 1.
  static let lossyTolerance = 12.0

  @Test("lossy files are close to Pillow's")
  func lossy() throws {
    let image = try ImageReader.read(Fixture.path("lossy_37x29.webp"))
    let truth = try Fixture.bytes("lossy_37x29.rgb")
    let difference = zip(image.pixels, truth).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    #expect(Double(difference) / Double(truth.count) < Self.lossyTolerance)
  }

  @Test("An EXIF orientation makes a WebP upright")
  func orientation() throws {
    let image = try ImageReader.read(Fixture.path("turned.webp"))
    #expect((image.width, image.height, image.appliedOrientation) == (7, 12, 6))
    #expect(try image.pixels == Fixture.bytes("turned.rgb"))
  }

  @Test("a canvas of another size than the picture, or changed bytes, never trap")
  func damage() throws {
    var canvas = try Fixture.bytes("turned.webp")
    // The first chunk is VP8X, its canvas three bytes per side, after flags and reserved bytes.
    canvas[24] = 30
    expectFailure("image.damaged", .badInput) { try ImageReader.decode(canvas) }
    let bytes = try Fixture.bytes("lossless_37x29.webp")
    for place in stride(from: 20, to: 60, by: 5) {
      var changed = bytes
      changed[place] ^= 0xFF
      _ = try? ImageReader.decode(changed, options: PictureOptions(maximumPixels: 1_000_000))
    }
    expectFailure("image.too_large", .badInput) {
      try ImageReader.decode(bytes, options: PictureOptions(maximumPixels: 37 * 29 - 1))
    }
  }
}
