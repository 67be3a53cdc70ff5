import Bytes
import TestSupport
import Testing

@testable import Media

@Suite("Masks as people save them")
struct MaskPictureTests {
  static let (width, height) = (40, 30)

  /// A value for each pixel: `inside` in a disc, `outside` elsewhere.
  private static func disc(
    centre: (x: Double, y: Double) = (20, 15), radius: Double = 9, soft: Double = 0,
    inside: Int = 255, outside: Int = 0
  ) -> [Int] {
    (0..<width * height).map { index in
      let (x, y) = (Double(index % width) - centre.x, Double(index / width) - centre.y)
      let distance = (x * x + y * y).squareRoot() - radius
      let share = soft == 0 ? (distance < 0 ? 1 : 0) : min(max(0.5 - distance / soft, 0), 1)
      return outside + Int((share * Double(inside - outside)).rounded())
    }
  }

  private func read(
    _ colour: RawPNG.Colour, depth: Int = 8, _ samples: [Int], palette: [UInt8] = [],
    alphas: [UInt8] = [], as reading: MaskReading = .auto
  ) throws -> MaskPicture {
    let png = RawPNG(
      width: Self.width, height: Self.height, colour, depth: depth, samples: samples,
      palette: palette, alphas: alphas)
    return try MaskPicture.decode(png.bytes, as: reading)
  }

  private func area(_ samples: [Int], above level: Int = 0) -> Int { samples.count { $0 > level } }

  private static let hard = disc()

  /// The same mask in the forms in which editors and libraries save it.
  static let forms: [(name: String, png: RawPNG, codes: [String])] = {
    func png(
      _ colour: RawPNG.Colour, _ depth: Int, _ pixel: (Int) -> [Int], palette: [UInt8] = [],
      alphas: [UInt8] = []
    ) -> RawPNG {
      RawPNG(
        width: width, height: height, colour, depth: depth, samples: hard.flatMap(pixel),
        palette: palette, alphas: alphas)
    }
    return [
      ("gray", png(.gray, 8, { [$0] }), []),
      ("one bit", png(.gray, 1, { [$0 / 255] }), []),
      ("gray of 16 bits", png(.gray, 16, { [$0 * 257] }), []),
      ("8 bits in 16", png(.gray, 16, { [$0] }), []),
      ("RGB", png(.rgb, 8, { [$0, $0, $0] }), []),
      ("RGB of 16 bits", png(.rgb, 16, { [$0 * 257, $0 * 257, $0 * 257] }), []),
      ("opaque RGBA", png(.rgba, 8, { [$0, $0, $0, 255] }), []),
      ("opaque gray and alpha", png(.grayAlpha, 8, { [$0, 255] }), []),
      ("white brush", png(.rgba, 8, { [255, 255, 255, $0] }), ["mask.alpha"]),
      ("black brush", png(.rgba, 8, { [0, 0, 0, $0] }), ["mask.alpha"]),
      ("gray brush", png(.grayAlpha, 8, { [180, $0] }), ["mask.alpha"]),
      ("red on black", png(.rgb, 8, { [$0, 0, 0] }), ["mask.coloured"]),
      ("palette", png(.palette, 8, { [$0 / 255] }, palette: Array(DAVISPalette.bytes)), []),
      (
        "palette of grays",
        png(
          .palette, 8, { [5 - $0 / 51] },
          palette: (0..<6).flatMap { level in
            [UInt8](repeating: UInt8(255 - 51 * level), count: 3)
          }), ["mask.palette"]
      ),
    ]
  }()

  @Test("One mask in many forms is one mask", arguments: forms.indices)
  func formsAgree(_ index: Int) throws {
    let form = Self.forms[index]
    let found = try MaskPicture.decode(form.png.bytes)
    #expect(found.identifiers == [1], "\(form.name)")
    let isSame = found.union.bits == Self.hard.map { $0 > 0 }
    #expect(isSame, "\(form.name)")
    #expect(found.notices.map(\.code) == form.codes, "\(form.name)")
  }

  @Test("Soft edges are one object above one half", arguments: [2.0, 4, 8, 16])
  func soft(_ width: Double) throws {
    let levels = Self.disc(soft: width)
    for (depth, scale) in [(8, 1), (16, 257)] {
      let found = try read(.gray, depth: depth, levels.map { $0 * scale })
      #expect(found.identifiers == [1])
      #expect(found.union.area == area(levels, above: 127), "\(depth) bits")
      #expect(found.notices.map(\.code) == ["mask.soft"])
    }
    let rgb = try read(.rgb, levels.flatMap { [$0, $0, $0] })
    #expect(rgb.union.area == area(levels, above: 127))
    let brush = try read(.rgba, levels.flatMap { [0, 0, 0, $0] })
    #expect(brush.union.area == area(levels, above: 127))
  }

  /// Two discs that do not touch, and one that touches the first.
  private func labels(_ numbers: [Int]) -> [Int] {
    let discs = [
      Self.disc(centre: (9, 9), radius: 6), Self.disc(centre: (30, 9), radius: 6),
      Self.disc(centre: (14, 20), radius: 6),
    ]
    return (0..<Self.width * Self.height).map { pixel in
      zip(numbers, discs).first { $1[pixel] > 0 }?.0 ?? 0
    }
  }

  @Test(
    "Levels that form areas are numbers of objects",
    arguments: [
      [1, 2, 3], [3, 1, 2], [85, 170, 255], [255, 1, 128], [7, 7, 9], [200, 201, 202],
    ])
  func numbers(_ numbers: [Int]) throws {
    for colour in [RawPNG.Colour.gray, .rgb] {
      let samples = labels(numbers)
      let found = try read(
        colour, colour == .gray ? samples : samples.flatMap { [$0, $0, $0] })
      #expect(found.identifiers == Set(numbers).sorted())
      let isSame = found.labels.map(Int.init) == samples
      #expect(isSame)
      #expect(found.notices.isEmpty, "\(found.notices)")
    }
  }

  @Test("Numbers above 255 need 16 bits, and are reported")
  func wideNumbers() throws {
    let found = try read(.gray, depth: 16, labels([300, 7, 1000]))
    #expect(found.identifiers == [7, 300, 1000])
    #expect(found.notices.map(\.code) == ["mask.labels"])
  }

  @Test("Colours are objects: those of DAVIS have its numbers, others an order")
  func colours() throws {
    func picture(_ colours: [Int: [Int]]) throws -> MaskPicture {
      try read(.rgb, labels([1, 2, 3]).flatMap { colours[$0] ?? [0, 0, 0] })
    }
    let known = try picture([1: [128, 0, 0], 2: [0, 128, 0], 3: [128, 128, 128]])
    #expect(known.identifiers == [1, 2, 7])
    let other = try picture([1: [255, 0, 0], 2: [0, 0, 255], 3: [0, 255, 0]])
    #expect(other.identifiers == [1, 2, 3])
    #expect(other.mask(of: 1).area == area(labels([0, 1, 0])))
    #expect(other.notices.map(\.code) == ["mask.coloured"])
  }

  @Test("A picture that was cut out is a mask by its transparency")
  func cutOut() throws {
    let samples = Self.hard.enumerated().flatMap { index, level in
      [index * 7 % 256, index * 13 % 256, index * 29 % 256, level]
    }
    let found = try read(.rgba, samples)
    #expect(found.union.area == area(Self.hard))
    #expect(found.notices.map(\.code) == ["mask.alpha"])
  }

  @Test("A picture without a valid reading is refused, with advice")
  func refusals() throws {
    let (gray, bright) = (
      Self.disc(centre: (10, 15), radius: 7, soft: 3, inside: 128),
      Self.disc(centre: (28, 15), radius: 7, soft: 3)
    )
    let smooth = zip(gray, bright).map { max($0, $1) }
    expectFailure("mask.ambiguous", .badInput) { try read(.gray, smooth) }
    // The user states which it is.
    #expect(try read(.gray, smooth, as: .soft).union.area == area(smooth, above: 127))
    #expect(try read(.gray, smooth, as: .nonzero).union.area == area(smooth))
    #expect(try read(.gray, smooth, as: .labels).identifiers.count > 10)
    let photo = (0..<Self.width * Self.height).flatMap { [$0 % 256, $0 / 5 % 256, 7] }
    expectFailure("mask.colours", .badInput) { try read(.rgb, photo) }
    let white = Self.hard.flatMap { $0 > 0 ? [255, 0, 0] : [255, 255, 255] }
    expectFailure("mask.colours", .badInput) { try read(.rgb, white) }
    let nothing = [Int](repeating: 0, count: Self.width * Self.height)
    expectFailure("mask.empty", .badInput) { try read(.gray, nothing) }
    expectFailure("mask.empty", .badInput) {
      try read(.gray, Self.disc(inside: 100), as: .soft)
    }
  }

  @Test("Objects of a few pixels are doubted")
  func fewPixels() throws {
    var samples = labels([1, 2, 3])
    samples[0] = 9
    let found = try read(.gray, samples)
    #expect(found.identifiers == [1, 2, 3, 9])
    #expect(found.notices.map(\.code) == ["mask.small"])
    #expect(found.notices[0].message.contains("object 9 has 1 of 1200"))
  }

  @Test("A lossy mask is one above one half")
  func lossy() throws {
    var image = RGBImage(width: Self.width, height: Self.height)
    for (index, level) in Self.hard.enumerated() where level > 0 {
      image[index % Self.width, index / Self.width] = .white
    }
    let found = try MaskPicture.decode(JPEGWriter.encode(image, quality: 80))
    #expect(abs(found.union.area - area(Self.hard)) < 12)
    #expect(found.identifiers == [1])
  }

  @Test("Random masks of several objects come back whole, whatever their numbers")
  func random() throws {
    var random = SeededRandom(seed: 23)
    print("masks: seed 23")
    for _ in 0..<20 {
      let numbers = (0..<3).map { _ in Int.random(in: 1...255, using: &random) }
      let samples = labels(numbers)
      let found = try read(.gray, samples)
      let isSame = found.labels.map(Int.init) == samples || numbers.allSatisfy { $0 == numbers[0] }
      #expect(isSame, "\(numbers)")
    }
  }
}
