import Bytes
import TestSupport
import Testing

@testable import Media

@Suite("Pictures that lose something in 8 bits of RGB")
struct DeepPictureTests {
  /// A slope of gray from `low` to `high` in 16 bits.
  private func slope(
    _ low: Int, _ high: Int, _ colour: RawPNG.Colour = .gray
  ) -> [UInt8] {
    let samples = (0..<64 * 8).flatMap { index in
      [Int](repeating: low + index % 64 * (high - low) / 63, count: colour == .rgb ? 3 : 1)
    }
    return RawPNG(width: 64, height: 8, colour, depth: 16, samples: samples).bytes
  }

  private func levels(_ image: RGBImage) -> Set<UInt8> { Set(image.pixels) }

  @Test(
    "Few levels are noticed, and the hint brings them back",
    arguments: [(0, 1023), (0, 4095), (100, 3280), (31000, 34000), (0, 16383)])
  func few(_ low: Int, _ high: Int) throws {
    for colour in [RawPNG.Colour.gray, .rgb] {
      let bytes = slope(low, high, colour)
      let plain = try ImageReader.decode(bytes)
      let expected = (high >> 8) - (low >> 8) + 1
      #expect(levels(plain).count <= expected)
      let codes = plain.notices.map(\.code)
      #expect(codes == (expected <= 63 ? ["image.depth"] : []), "\(plain.notices)")
      var options = PictureOptions()
      options.sampleRange = .automatic
      let spread = try ImageReader.decode(bytes, options: options)
      #expect(levels(spread).count == 64 && levels(spread).contains(0))
      #expect(levels(spread).max() ?? 0 >= 252)
      #expect(spread.notices.isEmpty)
    }
  }

  @Test("Twelve bits are shifted, and the full range keeps the high byte")
  func bits() throws {
    let bytes = slope(0, 4095)
    var options = PictureOptions()
    options.sampleRange = .values(0...4095)
    let image = try ImageReader.decode(bytes, options: options)
    let full = try ImageReader.decode(slope(0, 65535))
    for x in 0..<64 {
      let (narrow, wide) = (x * 4095 / 63, x * 65535 / 63)
      #expect(Int(image[x, 3].red) == narrow >> 4)
      #expect(Int(full[x, 3].red) == wide >> 8)
    }
    #expect(full.notices.isEmpty)
  }

  @Test("One level is not a range")
  func flat() throws {
    var options = PictureOptions()
    options.sampleRange = .automatic
    for level in [0, 700, 65535] {
      let image = try ImageReader.decode(slope(level, level), options: options)
      #expect(levels(image).count == 1)
    }
  }

  @Test("Transparency that is left out is noticed, and opaque alpha is not")
  func alpha() throws {
    for (alpha, codes) in [(255, []), (254, ["image.alpha"]), (0, ["image.alpha"])] {
      let samples = (0..<16).flatMap { [$0 * 16, 10, 20, $0 == 3 ? alpha : 255] }
      let bytes = RawPNG(width: 4, height: 4, .rgba, samples: samples).bytes
      let image = try ImageReader.decode(bytes)
      #expect(image.notices.map(\.code) == codes)
      #expect(image[3, 0] == RGBColour(48, 10, 20))
    }
  }

  @Test("Of an animation the first picture is read, and that is noticed")
  func animation() throws {
    let bytes = RawPNG(
      width: 2, height: 2, .gray, samples: [1, 2, 3, 4],
      extra: [("acTL", [0, 0, 0, 2, 0, 0, 0, 0])]
    ).bytes
    #expect(try ImageReader.decode(bytes).notices.map(\.code) == ["image.animated"])
  }

  @Test("The limit of pixels can be raised, and is named where it is met")
  func limit() throws {
    let bytes = RawPNG(
      width: 20, height: 10, .gray, samples: [Int](repeating: 9, count: 200)
    ).bytes
    let failure = #expect(throws: Failure.self) {
      try ImageReader.decode(bytes, options: PictureOptions(maximumPixels: 199))
    }
    #expect(failure?.code == "image.too_large")
    #expect(failure?.hint?.contains("--max-pixels") == true)
    #expect(try ImageReader.decode(bytes, options: PictureOptions(maximumPixels: 200)).width == 20)
  }

  @Test("All frames of a folder are read by the range of the first")
  func frames() throws {
    try withTemporaryFolder { folder in
      try PictureFile.write(slope(0, 4000), to: "\(folder)/0.png")
      try PictureFile.write(slope(0, 2000), to: "\(folder)/1.png")
      var options = PictureOptions()
      options.sampleRange = .automatic
      var source = try FrameSource(path: folder, options: options)
      let brightest = [try source.next(), try source.next()].map { $0?.pixels.max() ?? 0 }
      #expect(brightest[0] == 255 && (127...128).contains(brightest[1]))
      #expect(source.notices.isEmpty)
      var plain = try FrameSource(path: folder)
      while try plain.next() != nil {}
      #expect(plain.notices.map(\.code) == ["image.depth"] && plain.notices[0].count == 2)
      // Read again, they are the same two.
      _ = try plain.frame(at: 0)
      #expect(plain.notices[0].count == 2)
    }
  }
}
