import Bytes

/// The containers that are passed to ffmpeg, recognised by content.
///
/// Naming the demuxer stops ffmpeg from guessing one of the many that open other files or addresses
/// named inside the input (playlists, for example).
enum VideoFormat: String, CaseIterable {
  case mov
  case matroska
  case avi
  case mpegts

  /// For use in messages.
  static let list = "MP4/MOV, Matroska/WebM, AVI, MPEG-TS"

  /// The format of a file that begins with `head`.
  init?(sniffing head: [UInt8]) {
    func text(_ range: Range<Int>) -> String {
      range.upperBound <= head.count ? String(decoding: head[range], as: UTF8.self) : ""
    }
    if ["ftyp", "moov", "mdat", "wide", "free", "skip"].contains(text(4..<8)) {
      self = .mov
    } else if head.starts(with: [0x1A, 0x45, 0xDF, 0xA3]) {
      self = .matroska
    } else if text(0..<4) == "RIFF", text(8..<12) == "AVI " {
      self = .avi
    } else if head.count > 376, head[0] == 0x47, head[188] == 0x47, head[376] == 0x47 {
      self = .mpegts
    } else {
      return nil
    }
  }

  /// The format of a regular file.
  ///
  /// Failures: `file.missing`, `file.not_regular`, `video.format`.
  init(ofFile path: String) throws(Failure) {
    let head = try WholeFile.head(path, byteCount: 512)
    guard let format = VideoFormat(sniffing: head) else {
      let isPicture = ImageFormat(sniffing: head) != nil
      throw Failure(
        .badInput, code: "video.format",
        isPicture ? "is a picture, not a video" : "the file is not a video of a known format",
        hint: "supported: \(VideoFormat.list), or a folder of JPEG or PNG frames", file: path)
    }
    self = format
  }
}
