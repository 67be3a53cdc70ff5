import Bytes

/// The header of a WebP file (RFC 9649), read before a decoder sees the file.
struct WebPFile {
  let width: Int
  let height: Int
  /// Range of the EXIF block, if there is one.
  let exif: Range<Int>?

  /// Failures: `image.damaged`; `image.unsupported` for animations.
  init(_ bytes: [UInt8]) throws(Failure) {
    var size: (width: Int, height: Int)?
    var exif: Range<Int>?
    var isAnimated = false
    var offset = 12
    while offset + 8 <= bytes.count {
      let name = bytes[offset..<offset + 4]
      let length = WebPFile.number(bytes, offset + 4, bytes: 4)
      let body = offset + 8
      guard length <= bytes.count - body else { throw WebPFile.damaged("a chunk is cut off") }
      if name.elementsEqual("VP8X".utf8), length >= 10 {
        isAnimated = bytes[body] & 2 != 0
        size = (
          1 + WebPFile.number(bytes, body + 4, bytes: 3),
          1 + WebPFile.number(bytes, body + 7, bytes: 3)
        )
      } else if name.elementsEqual("VP8 ".utf8), length >= 10 {
        size = size ?? WebPFile.lossySize(bytes, body)
      } else if name.elementsEqual("VP8L".utf8), length >= 5 {
        size = size ?? WebPFile.losslessSize(bytes, body)
      } else if name.elementsEqual("EXIF".utf8) {
        exif = body..<body + length
      }
      // Chunks are padded to an even length.
      offset = body + length + length & 1
    }
    guard let size else { throw WebPFile.damaged("there is no picture in it") }
    guard !isAnimated else {
      throw Failure(
        .badInput, code: "image.unsupported", "animated WebP is not supported",
        hint: "extract its frames, for example with ImageMagick")
    }
    (width, height) = size
    self.exif = exif
  }

  /// Ten bytes: frame tag, start code, and two 14-bit sides.
  private static func lossySize(_ bytes: [UInt8], _ body: Int) -> (width: Int, height: Int)? {
    guard bytes[body] & 1 == 0, bytes[body + 3..<body + 6].elementsEqual([0x9D, 0x01, 0x2A]) else {
      return nil
    }
    return (number(bytes, body + 6, bytes: 2) & 0x3FFF, number(bytes, body + 8, bytes: 2) & 0x3FFF)
  }

  /// A signature, and two 14-bit sides, each minus one.
  private static func losslessSize(_ bytes: [UInt8], _ body: Int) -> (width: Int, height: Int)? {
    guard bytes[body] == 0x2F else { return nil }
    let bits = number(bytes, body + 1, bytes: 4)
    return (1 + bits & 0x3FFF, 1 + bits >> 14 & 0x3FFF)
  }

  private static func number(_ bytes: [UInt8], _ offset: Int, bytes count: Int) -> Int {
    (0..<count).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
  }

  private static func damaged(_ what: String) -> Failure {
    Failure(.badInput, code: "image.damaged", "damaged WebP: \(what)")
  }

  // MARK: - Decoding

  /// The pixels, decoded by the ffmpeg program; alpha is dropped.
  ///
  /// Lossless files give the same pixels as Pillow; lossy ones differ slightly, since chroma is
  /// upsampled differently. Failures: `image.damaged`, `ffmpeg.missing`.
  func decode(_ bytes: [UInt8], program: String = "ffmpeg") throws(Failure) -> [UInt8] {
    // The decoder's own buffers are rounded up to multiples of 64 or less.
    let decodedPixels = (width + 128) * (height + 128)
    let child = try ChildProcess(
      program,
      [
        "-v", "error", "-xerror", "-noautorotate", "-max_pixels", "\(decodedPixels)",
        "-protocol_whitelist", "pipe", "-f", "webp_pipe", "-i", "pipe:0", "-frames:v", "1",
        "-sws_flags", "bicubic+accurate_rnd+full_chroma_int+bitexact", "-pix_fmt", "rgb24",
        "-c:v", "ppm", "-f", "image2pipe", "pipe:1",
      ], .readingFromChild, input: bytes, limits: .looking)
    do throws(Failure) {
      let image = try PPMStream(child: child, maximumPixels: width * height).next(of: "WebP")
      guard let image, child.finish(), image.width == width, image.height == height else {
        throw PPMStream.damaged(child, finding: "", path: "WebP")
      }
      return image.pixels
    } catch {
      let complaint = child.complaint
      throw WebPFile.damaged(complaint.isEmpty ? "it cannot be decoded" : complaint)
    }
  }
}
