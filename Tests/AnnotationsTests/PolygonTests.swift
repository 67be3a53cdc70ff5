import Media
import TestSupport
import Testing

@testable import Annotations

@Suite("Polygons")
struct PolygonTests {
  /// The mask of all pixels whose middle is inside one of `polygons`.
  static func filled(_ polygons: [[Outline.Point]], _ width: Int, _ height: Int) -> BinaryMask {
    var mask = BinaryMask(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width {
        // Off the middle by little: slits run through middles of edges only.
        mask[x, y] = polygons.contains {
          contains($0, Double(x) + 0.500_001, Double(y) + 0.500_002)
        }
      }
    }
    return mask
  }

  @Test("Without tolerance the parts, filled by crossings, are the mask, holes included")
  func exact() {
    var random = SeededRandom(seed: 5)
    let masks = Samples.all + (0..<60).map { _ in Samples.random(&random) }
    for mask in masks {
      let parts = MaskPolygons.parts(of: mask, tolerance: 0)
      #expect(Self.filled(parts, mask.width, mask.height) == mask)
    }
  }

  /// Minimum IoU of a disc with its polygon of half a pixel's tolerance.
  static let discFloor = 0.98

  @Test("With half a pixel of tolerance a disc keeps its shape, and loses a third of its points")
  func simplified() {
    var disc = BinaryMask(width: 101, height: 101)
    for y in 0..<101 {
      for x in 0..<101 { disc[x, y] = (x - 50) * (x - 50) + (y - 50) * (y - 50) <= 40 * 40 }
    }
    let all = MaskPolygons.parts(of: disc, tolerance: 0)
    let few = MaskPolygons.parts(of: disc, tolerance: 0.5)
    #expect(all.count == 1 && few.count == 1)
    #expect(few[0].count * 3 < all[0].count * 2)
    #expect(Self.filled(few, 101, 101).intersectionOverUnion(disc) > Self.discFloor)
  }

  @Test("Pixels that touch at a corner are one part, and the largest part comes first")
  func parts() {
    #expect(MaskPolygons.parts(of: Samples.corners, tolerance: 0).count == 1)
    let two = MaskPolygons.parts(of: Samples.mask("#..##", "...##"), tolerance: 0)
    #expect(two.count == 2)
    #expect(two[0].allSatisfy { $0.x >= 3 })
    #expect(MaskPolygons.parts(of: BinaryMask(width: 3, height: 3), tolerance: 0).isEmpty)
  }

  @Test("A joined polygon passes through the outermost pixels of all parts and around holes")
  func joined() throws {
    let points = try #require(MaskPolygons.joined(of: Samples.ring, tolerance: 0))
    #expect(points.allSatisfy { Samples.ring[Int($0.x), Int($0.y)] })
    #expect(!contains(points, 2.6, 2.6))
    let dot = try #require(MaskPolygons.joined(of: Samples.dot, tolerance: 0))
    #expect(dot == [Outline.Point(x: 1.5, y: 1.5)])
    #expect(MaskPolygons.joined(of: BinaryMask(width: 2, height: 2), tolerance: 0) == nil)
  }

  @Test("A tolerance never leaves fewer than three points where there were three")
  func enough() {
    var random = SeededRandom(seed: 6)
    for _ in 0..<60 {
      let mask = Samples.random(&random)
      for part in MaskPolygons.parts(of: mask, tolerance: 5) { #expect(part.count >= 3) }
    }
  }
}
