import Bytes
import Glibc
import TestSupport
import Testing

@testable import Media

@Suite("Bad videos end in their failures, odd ones are read", .enabled(if: hasFFmpeg))
struct BadVideoTests {
  /// Runs ffmpeg on sources that it generates, to write files like those of users.
  static func make(_ arguments: String...) throws {
    let child = try ChildProcess(
      "ffmpeg", ["-nostdin", "-y", "-v", "error"] + arguments, .writingToChild)
    try #require(child.finish(), "\(child.complaint)")
  }

  static func frames(_ path: String) throws -> [RGBImage] {
    var source = try FrameSource(path: path)
    var frames: [RGBImage] = []
    while let frame = try source.next() { frames.append(frame) }
    return frames
  }

  // MARK: - Files that are not videos

  static let notVideos: [(name: String, text: String)] = [
    ("HLS playlist", "#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"),
    ("HLS playlist of an address", "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/\n"),
    ("list for concat", "ffconcat version 1.0\nfile /etc/passwd\n"),
    ("DASH manifest", "<?xml version=\"1.0\"?><MPD></MPD>"), ("SDP", "v=0\no=- 0 0 IN IP4 ::1\n"),
    ("text", "hello"), ("nothing", ""),
  ]

  @Test("files that would lead ffmpeg elsewhere are refused by their content", arguments: notVideos)
  func texts(_ name: String, _ text: String) throws {
    try withTemporaryFolder { folder in
      try PictureFile.write(Array(text.utf8), to: "\(folder)/a.mp4")
      expectFailure("video.format", .badInput) { try FrameSource(path: "\(folder)/a.mp4") }
    }
  }

  @Test(
    "names that ffmpeg would take for protocols are names of files",
    arguments: [
      "concat:a|b", "subfile,,start,0,end,9,,:/etc/passwd", "data:text/plain,x", "http://[::1]/a",
      "-i", "pipe:0", "file:/etc/passwd",
    ])
  func names(_ name: String) {
    expectFailure("file.missing", .missingInput) { try FrameSource(path: name) }
  }

  @Test("sound alone is not a video")
  func sound() throws {
    try withTemporaryFolder { folder in
      try Self.make("-f", "lavfi", "-i", "sine=duration=0.1", "\(folder)/a.mp4")
      expectFailure("video.no_frames", .badInput) { try FrameSource(path: "\(folder)/a.mp4") }
    }
  }

  @Test("containers of which only the beginning is there", arguments: ["mp4", "mkv", "avi", "ts"])
  func beginnings(_ kind: String) throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/a.\(kind)"
      try Self.make("-f", "lavfi", "-i", "testsrc=size=64x48:rate=5:duration=1", path)
      let bytes = try Fixture.bytes(at: path)
      for count in [12, 100, 400, 600, bytes.count / 2] where count < bytes.count {
        let cut = "\(folder)/cut.\(kind)"
        try PictureFile.write(Array(bytes[..<count]), to: cut)
        do {
          _ = try Self.frames(cut)
        } catch let failure as Failure {
          #expect(["video.damaged", "video.no_frames", "video.format"].contains(failure.code))
        }
      }
    }
  }

  // MARK: - Odd videos

  static let oddVideos: [(name: String, arguments: [String], width: Int, height: Int, count: Int)] =
    [
      ("one frame", ["-frames:v", "1"], 64, 48, 1),
      (
        "variable rate", ["-vf", "select=not(mod(n\\,3))+lt(n\\,4)", "-fps_mode", "vfr"], 64, 48, 6
      ),
      ("time stamps that start late", ["-output_ts_offset", "7"], 64, 48, 10),
      ("ten bits", ["-pix_fmt", "yuv420p10le"], 64, 48, 10),
      ("full range", ["-pix_fmt", "yuvj420p"], 64, 48, 10),
      ("pixels that are not square", ["-vf", "setsar=2/1"], 64, 48, 10),
      ("many B-frames", ["-bf", "5"], 64, 48, 10),
      ("odd sides", ["-vf", "crop=63:47"], 63, 47, 10),
    ]

  @Test("odd videos have the frames that are shown", arguments: oddVideos.indices, ["mp4", "mkv"])
  func odd(_ index: Int, _ kind: String) throws {
    let sample = Self.oddVideos[index]
    try withTemporaryFolder { folder in
      let path = "\(folder)/a.\(kind)"
      let coding = sample.name == "odd sides" ? ["-pix_fmt", "yuv444p"] : []
      let child = try ChildProcess(
        "ffmpeg",
        [
          "-nostdin", "-y", "-v", "error", "-f", "lavfi", "-i",
          "testsrc=size=64x48:rate=10:duration=1",
        ]
          + sample.arguments + coding + [path], .writingToChild)
      try #require(child.finish(), "\(child.complaint)")
      let frames = try Self.frames(path)
      #expect(frames.count == sample.count, "\(sample.name)")
      #expect(frames.allSatisfy { $0.width == sample.width && $0.height == sample.height })
      try Self.expectSameTolerantly(path, frames)
    }
  }

  /// Where damage is tolerated, a video without any has the same frames under the same numbers.
  static func expectSameTolerantly(_ path: String, _ frames: [RGBImage]) throws {
    var source = try FrameSource(path: path, toleratesDamage: true)
    #expect(source.frameCount == frames.count)
    var count = 0
    while let (index, picture) = try source.nextWithIndex() {
      #expect(index == count)
      let isSame = picture == frames[index]
      #expect(isSame, "frame \(index)")
      count += 1
    }
    #expect(count == frames.count)
  }

  @Test("of a video with an edit list there are the frames that are shown, whatever else it holds")
  func editList() throws {
    try withTemporaryFolder { folder in
      try Self.make(
        "-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=2", "-g", "10", "\(folder)/a.mp4")
      try Self.make("-ss", "0.45", "-i", "\(folder)/a.mp4", "-c", "copy", "\(folder)/b.mp4")
      let (whole, cut) = (try Self.frames("\(folder)/a.mp4"), try Self.frames("\(folder)/b.mp4"))
      #expect(whole.count == 20 && (15...16).contains(cut.count))
      let isSame = cut == Array(whole.suffix(cut.count))
      #expect(isSame)
      try Self.expectSameTolerantly("\(folder)/b.mp4", cut)
    }
  }

  @Test("transparent pixels of a video are read as their colours")
  func transparency() throws {
    try withTemporaryFolder { folder in
      try Self.make(
        "-f", "lavfi", "-i", "color=red@0.5:size=64x48:rate=5:duration=1,format=argb", "-c:v",
        "qtrle", "\(folder)/a.mov")
      let frames = try Self.frames("\(folder)/a.mov")
      #expect(frames.count == 5)
      #expect(
        frames[0].pixels.prefix(3) == [254, 0, 0] || frames[0].pixels.prefix(3) == [255, 0, 0])
    }
  }

  @Test("a video that grows beyond the pixel cap midway is damaged from there on")
  func growth() throws {
    try withTemporaryFolder { folder in
      for (name, size) in [("a", "64x48"), ("b", "640x480")] {
        try Self.make(
          "-f", "lavfi", "-i", "testsrc=size=\(size):rate=5:duration=1", "-c:v", "libx264",
          "\(folder)/\(name).ts")
      }
      let (a, b) = (
        try Fixture.bytes(at: "\(folder)/a.ts"), try Fixture.bytes(at: "\(folder)/b.ts")
      )
      try PictureFile.write(a + b, to: "\(folder)/c.ts")
      expectFailure("video.damaged", .badInput) {
        var source = try FrameSource(
          path: "\(folder)/c.ts", options: PictureOptions(maximumPixels: 64 * 48))
        while try source.next() != nil {}
      }
    }
  }

  @Test("a rotation that the file asks for is applied")
  func rotation() throws {
    try withTemporaryFolder { folder in
      try Self.make(
        "-f", "lavfi", "-i", "testsrc=size=64x48:rate=5:duration=1", "\(folder)/a.mp4")
      try Self.make(
        "-i", "\(folder)/a.mp4", "-c", "copy", "-metadata:s:v", "rotate=90", "\(folder)/b.mp4")
      let source = try FrameSource(path: "\(folder)/b.mp4")
      #expect((source.width, source.height) == (48, 64))
    }
  }

  @Test("when the size changes, later frames are brought to that of the first")
  func sizes() throws {
    try withTemporaryFolder { folder in
      for (name, size) in [("a", "64x48"), ("b", "96x64")] {
        try Self.make(
          "-f", "lavfi", "-i", "testsrc=size=\(size):rate=5:duration=1", "-c:v", "libx264",
          "\(folder)/\(name).ts")
      }
      try PictureFile.write(Array("file a.ts\nfile b.ts\n".utf8), to: "\(folder)/list")
      try Self.make("-f", "concat", "-i", "\(folder)/list", "-c", "copy", "\(folder)/c.ts")
      let frames = try Self.frames("\(folder)/c.ts")
      #expect(frames.count > 5)
      #expect(frames.allSatisfy { $0.width == 64 && $0.height == 48 })
    }
  }

  @Test("a video that claims more frames than it has bytes is not believed")
  func claims() throws {
    try withTemporaryFolder { folder in
      try PictureFile.write([0, 0, 0, 8] + Array("ftypisom".utf8), to: "\(folder)/a.mp4")
      let prober = try Self.fakeProber(frames: 1, claimed: 1_000_000_000, in: folder)
      let decoder = try Self.fake("printf 'P6\\n1 1\\n255\\nabc'", in: folder, name: "decoder")
      let frames = try VideoFrames(
        path: "\(folder)/a.mp4", programs: .init(decoder: decoder, prober: prober))
      #expect(frames.frameCount == 1)
    }
  }

  // MARK: - Decoders that misbehave

  /// A program that is a shell script.
  static func fake(_ script: String, in folder: String, name: String) throws -> String {
    let path = "\(folder)/\(name)"
    try PictureFile.write(Array("#!/bin/sh\n\(script)\n".utf8), to: path)
    try #require(chmod(path, 0o700) == 0)
    return path
  }

  /// A prober that lists `frames` packets, and for another question runs `decoding`.
  static func fakeProber(
    frames: Int, claimed: Int? = nil, decoding: String = "exit 0", in folder: String
  ) throws -> String {
    let packets = (0..<frames).map { "packet|stream_index=0|pts=\($0)|flags=K_\\n" }.joined()
    let stream = "stream|index=0|codec_type=video|nb_frames=\(claimed ?? frames)\\n"
    return try fake(
      "case \"$*\" in *packet=*) printf '\(packets)\(stream)';; *) \(decoding);; esac", in: folder,
      name: "prober")
  }

  static let misbehaving: [(script: String, code: String)] = [
    ("kill -SEGV $$", "video.decoder_crashed"), ("exec sleep 30", "video.decoder_stalled"),
    ("exit 1", "video.damaged"), ("exit 0", "video.damaged"),
    // Far more than a pipe holds, on both channels.
    ("head -c 50000000 /dev/zero | tr '\\0' x >&2; exit 1", "video.damaged"),
    ("head -c 3000000 /dev/zero", "video.damaged"),
    ("printf 'P6\\n99999999999999999999 1\\n255\\n'", "video.damaged"),
    ("printf 'P6\\n1000000 1000000\\n255\\n'", "image.too_large"),
    ("printf 'P6\\n2 2\\n255\\nabc'", "video.damaged"),
  ]

  @Test("a decoder that crashes, hangs or talks ends in a failure", arguments: misbehaving)
  func misbehaviour(_ script: String, _ code: String) throws {
    try withTemporaryFolder { folder in
      try PictureFile.write([0, 0, 0, 8] + Array("ftypisom".utf8), to: "\(folder)/a.mp4")
      let prober = try Self.fakeProber(frames: 1, in: folder)
      let decoder = try Self.fake(script, in: folder, name: "decoder")
      expectFailure(code, .badInput) {
        try VideoFrames(
          path: "\(folder)/a.mp4", options: PictureOptions(maximumPixels: 1_000_000),
          programs: .init(
            decoder: decoder, prober: prober,
            patience: code == "video.decoder_stalled" ? 300 : 20_000))
      }
    }
  }
}
