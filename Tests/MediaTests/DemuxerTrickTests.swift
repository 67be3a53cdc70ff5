import Glibc
import TestSupport
import Testing

@testable import Media

@Suite("Videos that try to make the decoder open something else", .enabled(if: hasFFmpeg))
struct DemuxerTrickTests {
  /// Subtitles of an AVI, which old demuxers handed to any demuxer that matched them.
  ///
  /// `FILE` and `PORT` are replaced by a file and a port of the test.
  static let subtitles: [(name: String, text: String)] = [
    (
      "HLS of a file",
      "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://FILE\n#EXT-X-ENDLIST\n"
    ),
    (
      "HLS of an address",
      "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:PORT/a.ts\n#EXT-X-ENDLIST\n"
    ),
    (
      "HLS with a file before an address",
      "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\n"
        + "concat:http://127.0.0.1:PORT/header.m3u8|file://FILE\n#EXT-X-ENDLIST\n"
    ),
    ("list for concat", "ffconcat version 1.0\nfile FILE\n"),
    ("SDP", "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video PORT RTP/AVP 33\nc=IN IP4 127.0.0.1\n"),
  ]

  @Test("a playlist among the subtitles of an AVI is not followed", arguments: subtitles)
  func playlist(_ name: String, _ text: String) throws {
    try withTemporaryFolder { folder in
      let secret = "\(folder)/secret.ts"
      try PictureFile.write(Array("secret".utf8), to: secret)
      let (trap, port) = try Listener.make()
      let watch = try Watch(secret)
      let payload = text.replacing("FILE", with: secret).replacing("PORT", with: "\(port)")
      let path = "\(folder)/a.avi"
      try PictureFile.write(Self.avi(subtitle: Array(payload.utf8)), to: path)
      var source = try FrameSource(path: path)
      var count = 0
      while try source.next() != nil { count += 1 }
      #expect(count == Self.frameCount)
      #expect(!watch.hasSeenAccess)
      #expect(!trap.hasVisitor)
      // Both would have noticed.
      _ = fileBytes(secret)
      #expect(watch.hasSeenAccess)
      try Listener.visit(port)
      #expect(trap.hasVisitor)
    }
  }

  // MARK: - The file

  static let frameCount = 3

  /// An AVI of three JPEG frames, with one packet of subtitles before them.
  static func avi(subtitle: [UInt8]) throws -> [UInt8] {
    // The packet: a mark, its version, an empty description, and the text.
    let packet =
      Array("GAB2\0".utf8) + [2, 0] + words(2) + [0, 0] + [4, 0] + words(subtitle.count) + subtitle
    let picture = try Fixture.bytes("baseline420_37x29.jpg")
    return avi(
      frames: Array(repeating: picture, count: frameCount),
      otherStreams: list(
        "strl", chunk("strh", stream("txts", "\0\0\0\0", 1)) + chunk("strf", words(0))),
      firstPacket: chunk("01tx", packet))
  }

  /// An AVI of JPEG `frames` of 37 x 29.
  static func avi(
    frames: [[UInt8]], otherStreams: [UInt8] = [], firstPacket: [UInt8] = []
  ) -> [UInt8] {
    let pixels =
      words(40, 37, 29, 1 | 24 << 16) + Array("MJPG".utf8) + words(37 * 29 * 3, 0, 0, 0, 0)
    let streamCount = otherStreams.isEmpty ? 1 : 2
    let head =
      chunk(
        "avih", words(200_000, 0, 0, 0, frames.count, 0, streamCount, 0, 37, 29, 0, 0, 0, 0))
      + list("strl", chunk("strh", stream("vids", "MJPG", frames.count)) + chunk("strf", pixels))
    let body = frames.flatMap { chunk("00dc", $0) }
    return chunk(
      "RIFF",
      Array("AVI ".utf8) + list("hdrl", head + otherStreams) + list("movi", firstPacket + body))
  }

  private static func stream(_ kind: String, _ coding: String, _ length: Int) -> [UInt8] {
    Array((kind + coding).utf8) + words(0, 0, 0, 1, 5, 0, length, 0, 0, 0, 0, 0)
  }

  private static func list(_ kind: String, _ content: [UInt8]) -> [UInt8] {
    chunk("LIST", Array(kind.utf8) + content)
  }

  private static func chunk(_ kind: String, _ content: [UInt8]) -> [UInt8] {
    Array(kind.utf8) + words(content.count) + content + (content.count % 2 == 0 ? [] : [0])
  }

  private static func words(_ numbers: Int...) -> [UInt8] {
    numbers.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
  }
}

/// Notices when a file is opened.
private final class Watch {
  private let descriptor = inotify_init1(Int32(O_NONBLOCK | O_CLOEXEC))

  init(_ path: String) throws {
    try #require(inotify_add_watch(descriptor, path, UInt32(IN_OPEN | IN_ACCESS)) >= 0)
  }

  deinit { close(descriptor) }

  /// Whether anybody has opened the file since this was asked last.
  var hasSeenAccess: Bool {
    var events = [UInt8](repeating: 0, count: 4096)
    return read(descriptor, &events, events.count) > 0
  }
}

/// A port of this machine at which nobody may knock.
private final class Listener {
  private let descriptor: Int32

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  static func make() throws -> (Listener, port: UInt16) {
    let listener = Listener(socket(AF_INET, streamKind | Int32(SOCK_NONBLOCK.rawValue), 0))
    var address = local(0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let port: UInt16? = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        guard bind(listener.descriptor, $0, size) == 0, listen(listener.descriptor, 4) == 0,
          getsockname(listener.descriptor, $0, &size) == 0
        else { return nil }
        return pointer.pointee.sin_port.byteSwapped
      }
    }
    return (listener, try #require(port))
  }

  /// Whether anybody has connected since this was asked last.
  var hasVisitor: Bool {
    let visitor = accept(descriptor, nil, nil)
    if visitor >= 0 { close(visitor) }
    return visitor >= 0
  }

  static func visit(_ port: UInt16) throws {
    let visitor = socket(AF_INET, streamKind, 0)
    defer { close(visitor) }
    var address = local(port)
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(visitor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try #require(status == 0)
  }

  private static var streamKind: Int32 { Int32(SOCK_STREAM.rawValue) }

  private static func local(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.byteSwapped
    address.sin_addr.s_addr = UInt32(0x7F00_0001).byteSwapped
    return address
  }
}
