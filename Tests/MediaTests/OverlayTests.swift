import TestSupport
import Testing

@testable import Media

@Suite("Overlays")
struct OverlayTests {
  let image = RGBImage(width: 40, height: 30, filledWith: RGBColour(100, 100, 100))

  static func square(_ columns: Range<Int>, _ rows: Range<Int>) -> BinaryMask {
    var mask = BinaryMask(width: 40, height: 30)
    for y in rows { for x in columns { mask[x, y] = true } }
    return mask
  }

  @Test("a mask is a tint within a contour, with a dark line around, and nothing else changes")
  func mask() {
    let mask = Self.square(10..<20, 5..<15)
    let drawn = Overlay.draw(image, masks: [(1, mask)], parts: [.fill, .contour], opacity: 0.5)
    #expect(drawn[15, 10] == RGBColour(178, 50, 50))
    #expect(drawn[10, 5] == RGBColour(255, 0, 0))
    #expect(drawn[9, 5] == RGBColour(40, 40, 40))
    let changed = (0..<40 * 30).filter { drawn[$0 % 40, $0 / 40] != image[$0 % 40, $0 / 40] }
    // One pixel on each of four sides of ten.
    #expect(changed.count == mask.area + 4 * 10)
    let tint = Overlay.draw(image, masks: [(1, mask)], parts: .fill)
    #expect((0..<40 * 30).count { tint[$0 % 40, $0 / 40] != image[$0 % 40, $0 / 40] } == mask.area)
    #expect(Overlay.draw(image, masks: [(1, mask)], parts: []) == image)
  }

  @Test("numbers are on the object, beside prompts and other numbers, and within the picture")
  func labels() {
    let large = RGBImage(width: 200, height: 100, filledWith: RGBColour(100, 100, 100))
    func whites(_ image: RGBImage) -> [(x: Int, y: Int)] {
      (0..<image.width * image.height).map { ($0 % image.width, $0 / image.width) }
        .filter { image[$0.0, $0.1] == .white }
    }
    var mask = BinaryMask(width: 200, height: 100)
    for y in 20..<80 { for x in 40..<100 { mask[x, y] = true } }
    let plain = whites(Overlay.draw(large, masks: [(1, mask)], parts: .label))
    // Digit 1 has ten dots.
    #expect(plain.count == 10)
    #expect(plain.allSatisfy { mask[$0.x, $0.y] })
    let click = Overlay.Prompt.point(x: 69, y: 49, isPositive: true)
    let moved = whites(
      Overlay.draw(large, masks: [(1, mask)], prompts: [click], parts: [.label, .prompts]))
    #expect(moved.contains { $0.y < 20 })
    let both = whites(Overlay.draw(large, masks: [(1, mask), (11, mask)], parts: .label))
    #expect(both.count == 30)
    for corner in [(0, 0), (199, 99)] {
      var dot = BinaryMask(width: 200, height: 100)
      dot[corner.0, corner.1] = true
      #expect(whites(Overlay.draw(large, masks: [(1, dot)], parts: .label)).count == 10)
    }
  }

  @Test("a contact sheet has the first and the last frame, and no more than twelve")
  func contactSheet() {
    let sheet = ContactSheet(frameCount: 100, width: 64, height: 48)
    #expect(sheet.frames.count == 12 && sheet.frames.first == 0 && sheet.frames.last == 99)
    #expect(zip(sheet.frames, sheet.frames.dropFirst()).allSatisfy { $0 < $1 })
    var small = ContactSheet(frameCount: 1, width: 64, height: 48)
    #expect(small.frames == [0])
    let before = small.image
    small.add(RGBImage(width: 64, height: 48, filledWith: .white), frame: 5)
    #expect(small.image == before)
    small.add(RGBImage(width: 64, height: 48, filledWith: .white), frame: 0)
    #expect((small.image.width, small.image.height) == (332, 252))
    #expect(small.image[200, 200] == .white)
  }

  @Test("a mask at the edge of the picture has no contour there")
  func edge() {
    let drawn = Overlay.draw(image, masks: [(2, Self.square(0..<40, 0..<10))], opacity: 0)
    #expect(drawn[0, 0] == RGBColour(100, 100, 100))
    #expect(drawn[20, 9] == RGBColour(0, 255, 0))
  }

  /// As the lines that are drawn were first described: pixel by pixel.
  private func isNear(
    _ mask: BinaryMask, _ x: Int, _ y: Int, distance: Int, inside: Bool
  ) -> Bool {
    (0..<distance).contains { index in
      let step = index + 1
      return [(x - step, y), (x + step, y), (x, y - step), (x, y + step)].contains { x, y in
        x >= 0 && y >= 0 && x < mask.width && y < mask.height && mask[x, y] == inside
      }
    }
  }

  @Test("edges of any mask are those found pixel by pixel", arguments: [(1, 1), (3, 2), (2, 0)])
  func edges(inside: Int, outside: Int) {
    var random = SeededRandom(seed: 20)
    for (width, height) in [(1, 1), (2, 7), (33, 9), (70, 3)] {
      let bits = (0..<width * height).map { _ in UInt8.random(in: 0..<4, using: &random) > 0 }
      let mask = BinaryMask(width: width, height: height, bits: bits)
      let columns = width / 3..<width
      for y in 0..<height {
        let edge = OverlayLoops.edge(
          of: mask, row: y, columns: columns, inside: inside, outside: outside)
        for (index, x) in columns.enumerated() {
          let isInner = mask[x, y] && isNear(mask, x, y, distance: inside, inside: false)
          let isOuter = !mask[x, y] && isNear(mask, x, y, distance: outside, inside: true)
          #expect((edge.inner[index] != 0) == isInner && (edge.outer[index] != 0) == isOuter)
        }
      }
    }
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
