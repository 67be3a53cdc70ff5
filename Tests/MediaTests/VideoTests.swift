import Bytes
import Glibc
import Media
import Testing

/// The tests of video files run only where the program is installed; elsewhere they are reported as
/// skipped.
let hasFFmpeg: Bool = {
  guard let path = getenv("PATH").map({ String(cString: $0) }) else { return false }
  return path.split(separator: ":").contains { access("\($0)/ffmpeg", X_OK) == 0 }
}()

@Suite("Reading and writing video")
struct VideoTests {
  /// A slope that moves with the frame, so that frames can be distinguished.
  static func frame(_ index: Int, width: Int = 64, height: Int = 48) -> RGBImage {
    var image = RGBImage(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width {
        image[x, y] = RGBColour(UInt8((2 * x + 8 * index) % 256), UInt8(4 * y), UInt8(12 * index))
      }
    }
    return image
  }

  static func writeFolder(_ names: [String], in folder: TemporaryFolder) throws {
    for (index, name) in names.enumerated() {
      if name.hasSuffix(".png") {
        try PNGWriter.write(frame(index), to: folder[name])
      } else {
        try JPEGWriter.write(frame(index), to: folder[name])
      }
    }
  }

  // MARK: - Folders

  @Test("frames are sorted by the integer their name is")
  func integerOrder() throws {
    let folder = try TemporaryFolder()
    try Self.writeFolder(["10.jpg", "2.JPG", "00001.jpeg", ".3.jpg", "mask.png"], in: folder)
    var source = try FrameSource(path: folder.path)
    #expect(
      source.framePaths.map { $0.split(separator: "/").last }
        == ["00001.jpeg", "2.JPG", "10.jpg"])
    #expect(source.frameCount == 3)
    #expect((source.width, source.height) == (64, 48))
    #expect(source.frameRate == nil)
    var count = 0
    while let image = try source.next() {
      #expect(image.width == 64)
      count += 1
    }
    #expect(count == 3)
    #expect(try source.next() == nil)
  }

  @Test("names that are not integers are sorted naturally, and PNG frames are exact")
  func naturalOrder() throws {
    let folder = try TemporaryFolder()
    try Self.writeFolder(["shot10.png", "shot9.png", "shot09b.png"], in: folder)
    var source = try FrameSource(path: folder.path)
    #expect(
      source.framePaths.map { $0.split(separator: "/").last }
        == ["shot9.png", "shot09b.png", "shot10.png"])
    #expect(try source.frame(at: 2) == Self.frame(0))
    #expect(try source.frame(at: 0) == Self.frame(1))
    #expect(try source.next() == Self.frame(2))
    expectFailure("video.frame", .usage) { try source.frame(at: 3) }
    expectFailure("video.frame", .usage) { try source.frame(at: -1) }
  }

  @Test("folders without frames, with two sizes or with a broken frame are refused")
  func badFolders() throws {
    let folder = try TemporaryFolder()
    expectFailure("video.no_frames", .badInput) { try FrameSource(path: folder.path) }
    try PNGWriter.write(Self.frame(0), to: folder["0.png"])
    try PNGWriter.write(Self.frame(0, width: 32), to: folder["1.png"])
    var source = try FrameSource(path: folder.path)
    _ = try source.next()
    expectFailure("video.mixed_sizes", .badInput) { try source.next() }
  }

  // MARK: - Files

  @Test("a written video reads back, frame by frame", .enabled(if: hasFFmpeg))
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    // A name that would be an option.
    let path = folder["-i.mp4"]
    let writer = try VideoWriter(
      path: path, width: 63, height: 47, frameRate: FrameRate(30000, 1001))
    for index in 0..<6 { try writer.append(Self.frame(index, width: 63, height: 47)) }
    try writer.finish()
    #expect(folder.names == ["-i.mp4"])

    var source = try FrameSource(path: path)
    #expect((source.width, source.height) == (64, 48))
    #expect(source.frameCount == 6)
    #expect(source.frameRate == FrameRate(30000, 1001))
    for index in 0..<6 {
      let image = try #require(try source.next())
      #expect(closest(to: image) == index)
    }
    #expect(try source.next() == nil)
    #expect(try source.next() == nil)
    #expect(closest(to: try source.frame(at: 3)) == 3)
    #expect(closest(to: try source.frame(at: 4)) == 4)
    expectFailure("video.frame", .usage) { try source.frame(at: 6) }
  }

  /// Which frame this is, by blue; the codec changes it by far less than the step of 12.
  private func closest(to image: RGBImage) -> Int {
    let blue = (0..<20 * 20).map { Int(image[$0 % 20 + 10, $0 / 20 + 10].blue) }
    return (blue.reduce(0, +) / blue.count + 6) / 12
  }

  @Test("a video that is cut off is damaged", .enabled(if: hasFFmpeg))
  func truncated() throws {
    let folder = try TemporaryFolder()
    let writer = try VideoWriter(path: folder["a.mp4"], width: 64, height: 48)
    for index in 0..<20 { try writer.append(Self.frame(index)) }
    try writer.finish()
    let bytes = try Fixture.bytes(at: folder["a.mp4"])
    try PictureFile.write(Array(bytes.prefix(bytes.count * 3 / 4)), to: folder["b.mp4"])
    expectFailure("video.damaged", .badInput) {
      var source = try FrameSource(path: folder["b.mp4"])
      while try source.next() != nil {}
    }
    try PictureFile.write(Array(bytes.prefix(200)), to: folder["c.mp4"])
    expectFailure("video.no_frames", .badInput) { try FrameSource(path: folder["c.mp4"]) }
  }

  @Test("frames above the pixel cap are refused", .enabled(if: hasFFmpeg))
  func cap() throws {
    let folder = try TemporaryFolder()
    let writer = try VideoWriter(path: folder["a.mp4"], width: 64, height: 48)
    try writer.append(Self.frame(0))
    try writer.finish()
    #expect(throws: Failure.self) {
      try FrameSource(path: folder["a.mp4"], options: PictureOptions(maximumPixels: 64 * 48 - 1))
    }
  }

  @Test("an abandoned or refused video leaves no files", .enabled(if: hasFFmpeg))
  func abandoned() throws {
    let folder = try TemporaryFolder()
    do {
      let writer = try VideoWriter(path: folder["a.mp4"], width: 64, height: 48)
      try writer.append(Self.frame(0))
    }
    #expect(folder.names == [])
    try PictureFile.write([1], to: folder["b.mp4"])
    expectFailure("output.exists", .outputExists) {
      try VideoWriter(path: folder["b.mp4"], width: 64, height: 48)
    }
  }

  @Test("an encoder cannot be led astray by links beside its file", .enabled(if: hasFFmpeg))
  func plantedLinks() throws {
    let folder = try TemporaryFolder()
    try PictureFile.write(Array("precious".utf8), to: folder["precious"])
    symlink("precious", folder["a.mp4"])
    symlink("precious", folder["a.mp4.tmp-\(getpid())"])
    let writer = try VideoWriter(
      path: folder["a.mp4"], width: 64, height: 48, replaceExisting: true)
    for index in 0..<3 { try writer.append(Self.frame(index)) }
    // Nothing has a name before the end, or a random one.
    #expect(folder.names.filter { $0.hasPrefix("a.mp4.tmp-\(getpid())") }.count <= 2)
    try writer.finish()
    #expect(try Fixture.bytes(at: folder["precious"]) == Array("precious".utf8))
    #expect(folder.names == ["a.mp4", "a.mp4.tmp-\(getpid())", "precious"])
    var status = stat()
    #expect(lstat(folder["a.mp4"], &status) == 0 && status.st_mode & S_IFMT == S_IFREG)
    #expect(try FrameSource(path: folder["a.mp4"]).frameCount == 3)
  }

  @Test("a file that is not a video is named")
  func notVideos() throws {
    expectFailure("file.missing", .missingInput) { try FrameSource(path: "no/such.mp4") }
    expectFailure("video.format", .badInput) { try FrameSource(path: #filePath) }
    expectFailure("video.format", .badInput) {
      try FrameSource(path: Fixture.path("rgb8_13x9.png"))
    }
  }

  @Test("without ffmpeg the failure names what to install")
  func missingProgram() async {
    await #expect(processExitsWith: .success) {
      setenv("PATH", "/nowhere", 1)
      let folder = try TemporaryFolder()
      expectFailure("ffmpeg.missing", .missingInput) {
        try VideoWriter(path: folder["a.mp4"], width: 64, height: 48)
      }
      try PictureFile.write([0, 0, 0, 8] + Array("ftypisom".utf8), to: folder["b.mp4"])
      expectFailure("ffmpeg.missing", .missingInput) { try FrameSource(path: folder["b.mp4"]) }
    }
  }
}
