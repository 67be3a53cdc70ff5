import Media
import Testing

@Suite("Overlays")
struct OverlayTests {
  let image = RGBImage(width: 40, height: 30, filledWith: RGBColour(100, 100, 100))

  static func square(_ columns: Range<Int>, _ rows: Range<Int>) -> BinaryMask {
    var mask = BinaryMask(width: 40, height: 30)
    for y in rows { for x in columns { mask[x, y] = true } }
    return mask
  }

  @Test("a mask is a tint within a contour, and nothing outside it changes")
  func mask() {
    let mask = Self.square(10..<20, 5..<15)
    let drawn = Overlay.draw(image, masks: [(1, mask)], opacity: 0.5)
    #expect(drawn[15, 10] == RGBColour(178, 50, 50))
    #expect(drawn[10, 5] == RGBColour(255, 0, 0))
    #expect(drawn[9, 5] == RGBColour(100, 100, 100))
    let changed = (0..<40 * 30).filter { drawn[$0 % 40, $0 / 40] != image[$0 % 40, $0 / 40] }
    #expect(changed.count == mask.area)
  }

  @Test("a mask at the edge of the picture has no contour there")
  func edge() {
    let drawn = Overlay.draw(image, masks: [(2, Self.square(0..<40, 0..<10))], opacity: 0)
    #expect(drawn[0, 0] == RGBColour(100, 100, 100))
    #expect(drawn[20, 9] == RGBColour(0, 255, 0))
  }

  @Test("points and boxes are marked, even beyond the picture")
  func prompts() {
    let drawn = Overlay.draw(
      image, masks: [],
      prompts: [
        .point(x: 10, y: 10, isPositive: true), .point(x: 30, y: 10, isPositive: false),
        .box(left: 4, top: 20, right: 35, bottom: 28),
        .point(x: -.infinity, y: .nan, isPositive: true),
        .box(left: -1e300, top: -5, right: 1e300, bottom: .nan),
      ])
    #expect(drawn[10, 10].green > 200 && drawn[10, 10].red < 60)
    #expect(drawn[30, 10].red > 200 && drawn[30, 10].green < 60)
    #expect(drawn[14, 10] == .white)
    #expect(drawn[4, 24].green > 200)
    #expect(drawn[20, 24] == RGBColour(100, 100, 100))
  }

  @Test("the deepest point is in the middle, and the picture's edge counts as outside")
  func deepest() throws {
    let square = try #require(Self.square(10..<21, 5..<16).deepestPoint)
    #expect(square == (15, 10))
    let atEdge = try #require(Self.square(0..<11, 0..<11).deepestPoint)
    #expect(atEdge == (5, 5))
    #expect(BinaryMask(width: 4, height: 4).deepestPoint == nil)
  }
}
