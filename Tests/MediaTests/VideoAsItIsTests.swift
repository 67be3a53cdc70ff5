import Bytes
import TestSupport
import Testing

@testable import Media

@Suite("Videos that players play as they are", .enabled(if: hasFFmpeg))
struct VideoAsItIsTests {
  private static let make = BadVideoTests.make

  /// Two seconds, twenty frames, a key frame every five, in `folder`.
  private static func clip(_ name: String, in folder: String) throws -> String {
    let path = "\(folder)/\(name)"
    try make(
      "-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=2", "-c:v", "libx264", "-g", "5",
      "-pix_fmt", "yuv420p", path)
    return path
  }

  /// Number of frames that come, and the notices.
  private func read(
    _ path: String, toleratesDamage: Bool = false
  ) throws -> (count: Int, notices: [Notice]) {
    var source = try FrameSource(path: path, toleratesDamage: toleratesDamage)
    var count = 0
    while try source.next() != nil { count += 1 }
    return (count, source.notices)
  }

  private func cut(_ path: String, _ share: Double, to target: String) throws {
    let bytes = try Fixture.bytes(at: path)
    try PictureFile.write(Array(bytes.prefix(Int(share * Double(bytes.count)))), to: target)
  }

  @Test("segments of a stream put together have the frames of all", arguments: [2, 3])
  func joined(_ parts: Int) throws {
    try withTemporaryFolder { folder in
      let bytes = try Fixture.bytes(at: Self.clip("a.ts", in: folder))
      let path = "\(folder)/joined.ts"
      try PictureFile.write((0..<parts).flatMap { _ in bytes }, to: path)
      let found = try read(path)
      #expect(found.count == 20 * parts && !found.notices.contains { $0.isIncomplete })
      #expect(try FrameSource(path: path).frameCount == 20 * parts)
      #expect(try read(path, toleratesDamage: true).count == 20 * parts)
    }
  }

  @Test("a recording that begins in the middle begins with its first key frame")
  func middle() throws {
    try withTemporaryFolder { folder in
      let bytes = try Fixture.bytes(at: Self.clip("a.ts", in: folder))
      let path = "\(folder)/middle.ts"
      try PictureFile.write(Array(bytes.dropFirst(188 * 16)), to: path)
      for tolerant in [false, true] {
        let found = try read(path, toleratesDamage: tolerant)
        #expect((10..<20).contains(found.count))
        #expect(found.notices.contains { $0.code == "video.headless" }, "\(found.notices)")
        #expect(!found.notices.contains { $0.isIncomplete })
      }
      var source = try FrameSource(path: path)
      #expect(try source.nextWithIndex()?.index == 0)
    }
  }

  static let kinds = ["mkv", "webm.mkv", "fast.mp4", "frag.mp4", "ts", "avi"]

  /// A clip of one of `kinds`.
  private static func container(_ kind: String, in folder: String) throws -> String {
    let original = try clip("original.mp4", in: folder)
    let path = "\(folder)/whole.\(kind)"
    switch kind {
    case "fast.mp4": try make("-i", original, "-c", "copy", "-movflags", "+faststart", path)
    case "frag.mp4":
      try make("-i", original, "-c", "copy", "-movflags", "frag_keyframe+empty_moov", path)
    case "webm.mkv": try make("-i", original, "-c:v", "libvpx", "-g", "5", path)
    case "avi": try make("-i", original, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", path)
    default: try make("-i", original, "-c", "copy", path)
    }
    return path
  }

  @Test("a file that is cut off fails, or ends where it is cut and reports it", arguments: kinds)
  func cutOff(_ kind: String) throws {
    try withTemporaryFolder { folder in
      let whole = try Self.container(kind, in: folder)
      let all = try read(whole)
      #expect(all.count == 20 && all.notices.isEmpty, "\(all.notices)")
      for share in [0.6, 0.83] {
        let path = "\(folder)/cut.\(kind)"
        try cut(whole, share, to: path)
        let failure = #expect(throws: Failure.self) { try read(path) }
        #expect(failure?.code == "video.damaged" && failure?.hint?.contains("--on-error") == true)
        let found = try read(path, toleratesDamage: true)
        #expect((1..<20).contains(found.count), "\(share)")
        #expect(found.notices.contains { $0.kind == .endedEarly && $0.isIncomplete })
      }
    }
  }

  @Test("a header that promises more than comes is noticed, one that promises less is not believed")
  func durations() throws {
    try withTemporaryFolder { folder in
      let path = try Self.container("mkv", in: folder)
      let bytes = try Fixture.bytes(at: path)
      // DURATION of the track, and the duration of the segment as a float after its identifier.
      for (text, seconds, isIncomplete) in [("9", 9.0, true), ("1", 1.0, false)] {
        let tag = Array("00:00:02.000000000".utf8)
        let tagStart = try #require(bytes.firstRange(of: tag))
        var copy = bytes
        copy[tagStart.lowerBound + 7] = Array(text.utf8)[0]
        let identifier = try #require(copy.firstRange(of: [0x44, 0x89, 0x88] as [UInt8]))
        let bits = (seconds * 1000).bitPattern.bigEndian
        let place = identifier.upperBound..<identifier.upperBound + 8
        withUnsafeBytes(of: bits) { copy.replaceSubrange(place, with: $0) }
        let changed = "\(folder)/changed\(text).mkv"
        try PictureFile.write(copy, to: changed)
        let found = try read(changed)
        #expect(found.count == 20)
        #expect(found.notices.contains { $0.isIncomplete } == isIncomplete, "\(found.notices)")
      }
    }
  }

  @Test("longer sound is not a missing picture")
  func sound() throws {
    try withTemporaryFolder { folder in
      for name in ["a.mkv", "a.mp4", "a.ts", "a.avi"] {
        try Self.make(
          "-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=2", "-f", "lavfi", "-i",
          "sine=duration=5", "\(folder)/\(name)")
        let found = try read("\(folder)/\(name)")
        #expect(found.count == 20 && found.notices.isEmpty, "\(name): \(found.notices)")
      }
    }
  }

  @Test("a cover is not a video, wherever it is stored")
  func covers() throws {
    try withTemporaryFolder { folder in
      let clip = try Self.clip("a.mp4", in: folder)
      let cover = "\(folder)/cover.jpg"
      try Self.make("-f", "lavfi", "-i", "color=red:size=200x200", "-frames:v", "1", cover)
      try Self.make(
        "-i", cover, "-i", clip, "-map", "0", "-map", "1", "-c", "copy", "-disposition:v:0",
        "attached_pic", "\(folder)/first.mp4")
      try Self.make(
        "-i", clip, "-attach", cover, "-metadata:s:t", "mimetype=image/jpeg", "-c", "copy",
        "\(folder)/attached.mkv")
      for name in ["first.mp4", "attached.mkv"] {
        let source = try FrameSource(path: "\(folder)/\(name)")
        #expect((source.width, source.height) == (64, 48), "\(name)")
        #expect(try read("\(folder)/\(name)").count == 20)
        #expect(source.notices.map(\.code) == ["video.attached"])
      }
      try Self.make(
        "-f", "lavfi", "-i", "sine=duration=1", "-i", cover, "-map", "0", "-map", "1", "-c:v",
        "copy", "-disposition:v:0", "attached_pic", "\(folder)/song.mp4")
      let failure = #expect(throws: Failure.self) { try FrameSource(path: "\(folder)/song.mp4") }
      #expect(failure?.code == "video.no_frames" && failure?.message.contains("attached") == true)
    }
  }

  @Test("of two videos in a file the one that players show is taken, and the other is named")
  func twoStreams() throws {
    try withTemporaryFolder { folder in
      let clip = try Self.clip("a.mp4", in: folder)
      for (chosen, side) in [(0, 64), (1, 32)] {
        let path = "\(folder)/two\(chosen).mkv"
        try Self.make(
          "-i", clip, "-f", "lavfi", "-i", "testsrc=size=32x32:rate=10:duration=1", "-map", "0",
          "-map", "1", "-c:v", "libx264", "-disposition:v:0", chosen == 0 ? "default" : "0",
          "-disposition:v:1", chosen == 1 ? "default" : "0", path)
        let source = try FrameSource(path: path)
        #expect(source.width == side)
        #expect(source.notices.contains { $0.code == "video.streams" })
      }
    }
  }

  @Test("a complaint about frames that all come is a notice")
  func complaint() throws {
    try withTemporaryFolder { folder in
      try PictureFile.write([0, 0, 0, 8] + Array("ftypisom".utf8), to: "\(folder)/a.mp4")
      let frames = (0..<3).map { "frame|best_effort_timestamp=\($0)\\n" }.joined()
      let decoder = try BadVideoTests.fake(
        "echo '[h264 @ 0x12ab] concealing errors' >&2; "
          + "for i in 1 2 3; do printf 'P6\\n1 1\\n255\\nabc'; done", in: folder, name: "decoder")
      let prober = try BadVideoTests.fakeProber(
        frames: 3, decoding: "printf '\(frames)'; echo '[h264 @ 0x77] concealing errors' >&2",
        in: folder)
      let collector = NoticeCollector()
      let video = try VideoFrames(
        path: "\(folder)/a.mp4", programs: .init(decoder: decoder, prober: prober),
        collector: collector)
      for _ in 0..<3 { #expect(try video.next() != nil) }
      #expect(try video.next() == nil)
      #expect(collector.all.map(\.code) == ["video.complaint"])
      #expect(collector.all[0].message.contains("[h264] concealing errors"))
    }
  }

  @Test("a frame that is lost ends the video with its number, before any later one is handed out")
  func lost() throws {
    try withTemporaryFolder { folder in
      let picture = try Fixture.bytes("baseline420_37x29.jpg")
      let zeros = [UInt8](repeating: 0, count: picture.count)
      for hole in 1..<4 {
        let path = "\(folder)/\(hole).avi"
        let pictures = (0..<4).map { $0 == hole ? zeros : picture }
        try PictureFile.write(DemuxerTrickTests.avi(frames: pictures), to: path)
        var source = try FrameSource(path: path)
        var count = 0
        let failure = #expect(throws: Failure.self) {
          while try source.next() != nil { count += 1 }
        }
        #expect(count == hole && failure?.message.contains("frame \(hole) ") == true)
      }
    }
  }
}
