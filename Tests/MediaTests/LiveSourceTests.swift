import Bytes
import Glibc
import TestSupport
import Testing

@testable import Media

/// Live sources with programs in place of ffmpeg that write frames of 2 x 1 pixels.
@Suite("Live sources")
struct LiveSourceTests {
  private static let frame = "printf 'P6\\n2 1\\n255\\nabcdef'"
  /// Longest wait for what happens at once, in seconds.
  private static let patience = 20.0

  private func source(
    _ script: String, in folder: String, maximumLag: Int = 0, patience: Double = patience
  ) throws -> LiveSource {
    let decoder = try BadVideoTests.fake(script, in: folder, name: "decoder")
    return try LiveSource(
      LiveAddress("-"), maximumLag: maximumLag, patience: patience, decoder: decoder)
  }

  private func waitForFrames(_ count: Int, of source: LiveSource) {
    for _ in 0..<2000 where source.counts.arrived < count { usleep(5000) }
    #expect(source.counts.arrived >= count)
  }

  @Test("Frames come in order, and the end is an end")
  func order() throws {
    try withTemporaryFolder { folder in
      let source = try source(
        "for i in 1 2 3; do \(Self.frame); done", in: folder, maximumLag: 9)
      #expect(source.width == 2 && source.height == 1)
      var numbers: [Int] = []
      while let frame = try source.next() {
        numbers.append(frame.number)
        #expect(frame.picture.pixels == Array("abcdef".utf8))
        #expect(frame.seconds >= 0)
      }
      #expect(numbers == [0, 1, 2])
      #expect(source.counts.arrived == 3 && source.counts.dropped == 0)
      #expect(try source.next() == nil)
    }
  }

  @Test("A late reader gets the newest frames; others are dropped and counted", arguments: 0...3)
  func dropping(maximumLag: Int) throws {
    try withTemporaryFolder { folder in
      let source = try source(
        "for i in 1 2 3 4 5; do \(Self.frame); done", in: folder, maximumLag: maximumLag)
      waitForFrames(5, of: source)
      var taken: [LiveFrame] = []
      while let frame = try source.next() { taken.append(frame) }
      #expect(taken.map(\.number) == Array((4 - maximumLag)...4))
      #expect(taken.map(\.lag) == Array((0...maximumLag).reversed()))
      #expect(source.counts.dropped == 4 - maximumLag)
    }
  }

  struct BadEnd: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let script: String
    let code: String
    let kind: Failure.Kind
    /// Frames before the end.
    var frames = 0
    var patience = LiveSourceTests.patience
  }

  private static let badEnds = [
    BadEnd(
      testDescription: "cannot be opened", script: "echo no route >&2; exit 1",
      code: "live.cannot_open", kind: .badInput),
    BadEnd(
      testDescription: "holds no frame", script: "exit 0", code: "live.no_frames", kind: .badInput),
    BadEnd(
      testDescription: "never delivers", script: "exec sleep 60", code: "live.silent",
      kind: .inputOutput, patience: 0.2),
    BadEnd(
      testDescription: "delivers no more", script: "\(frame); exec sleep 60", code: "live.stalled",
      kind: .inputOutput, frames: 1, patience: 1),
    BadEnd(
      testDescription: "breaks", script: "\(frame); \(frame); echo reset >&2; exit 1",
      code: "live.broken", kind: .inputOutput, frames: 2),
    BadEnd(
      testDescription: "breaks within a frame", script: "\(frame); printf 'P6\\n2 1\\n255\\nab'",
      code: "live.broken", kind: .inputOutput, frames: 1),
    BadEnd(
      testDescription: "crashes", script: "\(frame); kill -SEGV $$", code: "live.broken",
      kind: .inputOutput, frames: 1),
    BadEnd(
      testDescription: "changes its size", script: "\(frame); printf 'P6\\n1 2\\n255\\nabcdef'",
      code: "video.mixed_sizes", kind: .badInput, frames: 1),
    BadEnd(
      testDescription: "is not a picture", script: "printf 'hello there you'",
      code: "live.cannot_open", kind: .badInput),
  ]

  @Test("A source that ends badly reports how, after the frames that came", arguments: badEnds)
  func badEnd(_ end: BadEnd) throws {
    try withTemporaryFolder { folder in
      expectFailure(end.code, end.kind) {
        let source = try source(
          end.script, in: folder, maximumLag: 9, patience: end.patience)
        for number in 0..<end.frames {
          #expect(try source.next()?.number == number)
        }
        _ = try source.next()
      }
    }
  }

  @Test("Closing ends the program and the frames")
  func closing() throws {
    try withTemporaryFolder { folder in
      // It may write no files, but complain.
      let source = try source(
        "echo $$ >&2; while :; do \(Self.frame); sleep 0.01; done", in: folder)
      waitForFrames(3, of: source)
      let complaint = try #require(source.notices.first?.message)
      let process = try #require(pid_t(complaint.filter { $0.isNumber }))
      source.close()
      while try source.next() != nil {}
      #expect(kill(process, 0) != 0)
    }
  }

  // MARK: - Addresses

  @Test("Kinds of sources are identified by their addresses")
  func kinds() throws {
    try withTemporaryFolder { folder in
      mkfifo("\(folder)/pipe", 0o600)
      try PictureFile.write([0, 0, 0, 8] + Array("ftypisom".utf8), to: "\(folder)/a.mp4")
      #expect(try LiveAddress("-").kind == .standardInput)
      #expect(try LiveAddress("\(folder)/pipe").kind == .pipe("\(folder)/pipe"))
      #expect(try LiveAddress("\(folder)/a.mp4").kind == .file("\(folder)/a.mp4", .mov))
      // Any device of characters could be a camera.
      #expect(try LiveAddress("/dev/null").kind == .camera("/dev/null"))
      #expect(try LiveAddress("RTSP://host/a").kind == .stream("RTSP://host/a", .rtsp))
      #expect(LiveAddress.isLive("-") && LiveAddress.isLive("rtsp://host/a"))
      #expect(LiveAddress.isLive("\(folder)/pipe") && LiveAddress.isLive("/dev/null"))
      #expect(!LiveAddress.isLive(folder) && !LiveAddress.isLive("\(folder)/a.mp4"))
      #expect(!LiveAddress.isLive("nowhere"))
      expectFailure("live.folder", .usage) { try LiveAddress(folder) }
    }
    expectFailure("file.missing", .missingInput) { try LiveAddress("nowhere") }
    for address in ["file:///etc/passwd", "concat://a", "subfile://x", "gopher://host", "://"] {
      expectFailure("live.address", .usage) { try LiveAddress(address) }
    }
  }

  @Test("No stream can make ffmpeg open local files", arguments: LiveScheme.allCases)
  func protocols(_ scheme: LiveScheme) throws {
    let arguments = try LiveAddress("\(scheme.rawValue)://host/a").inputArguments
    let place = try #require(arguments.firstIndex(of: "-protocol_whitelist"))
    let protocols = arguments[place + 1].split(separator: ",")
    #expect(!protocols.isEmpty)
    for forbidden in ["file", "pipe", "fd", "concat", "subfile", "cache", "async"] {
      #expect(!protocols.contains { $0 == forbidden })
    }
    #expect(arguments.contains("-format_whitelist"))
  }

  @Test("Users and passwords in addresses are not shown")
  func credentials() throws {
    let address = try LiveAddress("rtsp://me:secret@host:554/a@b?c=@d")
    #expect(address.shown == "rtsp://…@host:554/a@b?c=@d")
    #expect(try LiveAddress("rtsp://host/a@b").shown == "rtsp://host/a@b")
    let complaint = "rtsp://me:secret@host:554/a@b?c=@d: Connection refused"
    #expect(address.concealed(complaint) == "rtsp://…@host:554/a@b?c=@d: Connection refused")
  }
}
