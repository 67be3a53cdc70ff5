import Bytes
import Media
import Testing

@Suite("Reading pictures gives Pillow's pixels")
struct ImageReaderTests {
  @Test(
    "every kind of PNG and JPEG",
    arguments: [
      "gray1_13x9.png", "gray2_13x9.png", "gray4_13x9.png", "gray8_13x9.png", "gray16_13x9.png",
      "palette1_13x9.png", "palette2_13x9.png", "palette4_13x9.png", "palette8_13x9.png",
      "grayalpha8_13x9.png", "grayalpha16_13x9.png", "rgb8_13x9.png", "rgb16_13x9.png",
      "rgba8_13x9.png", "rgba16_13x9.png", "transparent_13x9.png", "interlaced_13x9.png",
      "interlaced4_13x9.png", "textbomb_13x9.png", "baseline420_37x29.jpg",
      "baseline422_37x29.jpg", "progressive444_37x29.jpg", "gray_37x29.jpg", "cmyk_37x29.jpg",
    ])
  func kinds(_ name: String) throws {
    let image = try ImageReader.read(Fixture.path(name))
    #expect(name.contains("_\(image.width)x\(image.height)."))
    #expect(try image.pixels == Fixture.bytes(name.dropLast(4) + ".rgb"))
    let size = try ImageReader.size(ofFile: Fixture.path(name))
    #expect(size == (image.width, image.height))
  }

  @Test("An EXIF orientation makes the picture upright", arguments: 1...8)
  func orientation(_ value: Int) throws {
    let name = "orientation\(value)"
    let upright = try ImageReader.read(Fixture.path("\(name).jpg"))
    #expect(try upright.pixels == Fixture.bytes("\(name).rgb"))
    #expect(upright.appliedOrientation == value)
    #expect(upright.width == (value >= 5 ? 7 : 12))
    let stored = try ImageReader.read(Fixture.path("\(name).jpg"), applyingOrientation: false)
    #expect((stored.width, stored.height) == (12, 7))
    #expect(stored.appliedOrientation == 1)
    #expect(try stored.pixels == Fixture.bytes("orientation1.rgb"))
  }

  @Test(
    "damaged files end in a named failure",
    arguments: [
      "truncated.png", "badcrc.png", "truncated.jpg", "truncated_progressive.jpg", "damaged.jpg",
      "scanbomb.jpg",
    ])
  func damage(_ name: String) {
    expectFailure("image.damaged", .badInput) { try ImageReader.read(Fixture.path(name)) }
  }

  @Test("every truncation of every picture fails or decodes, and never traps")
  func truncation() throws {
    for name in ["palette8_13x9.png", "interlaced_13x9.png", "orientation6.jpg", "cmyk_37x29.jpg"] {
      let bytes = try Fixture.bytes(name)
      for count in 0..<bytes.count { _ = try? ImageReader.decode(Array(bytes[..<count])) }
      for i in 0..<min(bytes.count, 400) {
        var changed = bytes
        changed[i] ^= 0xFF
        _ = try? ImageReader.decode(changed, options: PictureOptions(maximumPixels: 1_000_000))
      }
    }
  }

  @Test("a size above the cap is refused before anything is allocated")
  func cap() {
    expectFailure("image.too_large", .badInput) { try ImageReader.read(Fixture.path("huge.png")) }
    expectFailure("image.too_large", .badInput) {
      try ImageReader.read(
        Fixture.path("rgb8_13x9.png"), options: PictureOptions(maximumPixels: 13 * 9 - 1))
    }
  }

  @Test("a file that is missing, or not a picture, is named")
  func notPictures() throws {
    expectFailure("file.missing", .missingInput) { try ImageReader.read("no/such/file.png") }
    expectFailure("file.directory", .badInput) { try ImageReader.read(Fixture.folder) }
    expectFailure("image.format", .badInput) { try ImageReader.read(#filePath) }
    expectFailure("image.format", .badInput) { try ImageReader.decode([]) }
  }
}

/// Runs `body`, which must throw a failure with this code and kind.
func expectFailure<Result>(
  _ code: String, _ kind: Failure.Kind, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> Result
) {
  do {
    _ = try body()
    Issue.record("nothing was thrown; expected \(code)", sourceLocation: sourceLocation)
  } catch let failure as Failure {
    #expect(failure.code == code, "\(failure)", sourceLocation: sourceLocation)
    #expect(failure.kind == kind, sourceLocation: sourceLocation)
  } catch {
    Issue.record("not a Failure: \(error)", sourceLocation: sourceLocation)
  }
}
