import Bytes
import Media
import Testing

@Suite("Writing pictures")
struct WriterTests {
  @Test("a written RGB PNG reads back the same")
  func rgb() throws {
    let folder = try TemporaryFolder()
    let image = try ImageReader.read(Fixture.path("rgb8_13x9.png"))
    try PNGWriter.write(image, to: folder["a.png"])
    try PNGWriter.write(image, to: folder["a.png"])
    #expect(try ImageReader.read(folder["a.png"]) == image)
    #expect(folder.names == ["a.png"])
  }

  @Test("a mask is 0 and 255")
  func mask() throws {
    var mask = BinaryMask(width: 5, height: 3)
    mask[4, 2] = true
    let folder = try TemporaryFolder()
    try PNGWriter.write(mask, to: folder["m.png"])
    let gray = try LabelMap.read(folder["m.png"])
    #expect(gray.labels == [UInt8](repeating: 0, count: 14) + [255])
    let image = try ImageReader.read(folder["m.png"])
    #expect(image[4, 2] == .white)
    #expect(image[3, 2] == .black)
  }

  @Test("label maps keep identifiers and carry DAVIS colours")
  func labels() throws {
    let left = BinaryMask(width: 3, height: 1, bits: [true, true, false])
    let right = BinaryMask(width: 3, height: 1, bits: [false, true, true])
    let map = try LabelMap(width: 3, height: 1, masks: [(2, left), (9, right)])
    #expect(map.labels == [2, 2, 9])
    #expect(map.identifiers == [2, 9])
    #expect(map.mask(of: 9).bits == [false, false, true])
    let folder = try TemporaryFolder()
    try PNGWriter.write(map, to: folder["l.png"])
    #expect(try LabelMap.read(folder["l.png"]) == map)
    let image = try ImageReader.read(folder["l.png"])
    #expect(image[0, 0] == RGBColour(0, 128, 0))
    #expect(image[2, 0] == RGBColour(192, 0, 0))
    expectFailure("labels.identifier", .usage) {
      try LabelMap(width: 3, height: 1, masks: [(256, left)])
    }
  }

  @Test("the palette is that of DAVIS")
  func palette() {
    let first = (0..<9).map { DAVISPalette.colour(of: $0) }
    #expect(
      first == [
        RGBColour(0, 0, 0), RGBColour(128, 0, 0), RGBColour(0, 128, 0), RGBColour(128, 128, 0),
        RGBColour(0, 0, 128), RGBColour(128, 0, 128), RGBColour(0, 128, 128),
        RGBColour(128, 128, 128), RGBColour(64, 0, 0),
      ])
    #expect(DAVISPalette.bytes.suffix(3) == [224, 224, 192])
  }

  @Test("JPEG of quality 95 stays close")
  func jpeg() throws {
    let image = try ImageReader.read(Fixture.path("baseline420_37x29.jpg"))
    let again = try ImageReader.decode(JPEGWriter.encode(image, quality: 95))
    let difference = zip(image.pixels, again.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    // Mean absolute difference below five grey levels (the picture is noisy, its chroma halved).
    #expect(difference < 5 * image.pixels.count)
  }

  @Test("a folder that does not exist is reported")
  func cannotCreate() {
    expectFailure("output.folder", .cannotCreate) {
      try PNGWriter.write(RGBImage(width: 1, height: 1), to: "no/such/folder/a.png")
    }
  }

  @Test("intersection over union, area and box")
  func statistics() {
    let a = BinaryMask(width: 3, height: 2, bits: [true, true, false, false, true, false])
    let b = BinaryMask(width: 3, height: 2, bits: [false, true, true, false, true, false])
    #expect(a.intersectionOverUnion(b) == 0.5)
    #expect(a.area == 3)
    #expect(a.boundingBox == PixelBox(left: 0, top: 0, right: 1, bottom: 1))
    let empty = BinaryMask(width: 3, height: 2)
    #expect(empty.boundingBox == nil)
    #expect(empty.intersectionOverUnion(empty) == 1)
    #expect(empty.intersectionOverUnion(a) == 0)
  }
}
