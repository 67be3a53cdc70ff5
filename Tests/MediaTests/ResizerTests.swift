import Media
import TestSupport
import Testing

@Suite("Resizing repeats Pillow and PyTorch")
struct ResizerTests {
  static let mean: [Float] = [0.485, 0.456, 0.406]
  static let deviation: [Float] = [0.229, 0.224, 0.225]
  /// PyTorch may fuse multiply and add; the values are of order 1 and sums have few terms.
  static let normalizedTolerance = 2e-6
  /// Logits of order 10.
  static let bilinearTolerance = 4e-6

  let source: RGBImage

  init() throws {
    source = RGBImage(
      width: 37, height: 29, pixels: try Fixture.bytes("resize_source_37x29.rgb"))
  }

  @Test(
    "Pillow's bicubic, bit for bit",
    arguments: [
      (16, 11), (45, 33), (37, 13), (64, 29), (1, 1), (3, 80), (35, 20), (40, 12),
    ])
  func pillow(_ width: Int, _ height: Int) throws {
    let resized = Resizer.likePIL(source, width: width, height: height)
    #expect(try resized.pixels == Fixture.bytes("pillow_\(width)x\(height).rgb"))
  }

  @Test("the same size changes nothing")
  func identity() {
    #expect(Resizer.likePIL(source, width: 37, height: 29) == source)
    let plane: [Float] = [1, -2, 3, 4, 5, -6]
    let same = Resizer.bilinear(plane, fromWidth: 3, fromHeight: 2, width: 3, height: 2)
    #expect(same == plane)
  }

  @Test("PyTorch's antialiased bilinear", arguments: [(16, 11), (45, 33), (37, 13), (1, 1)])
  func torch(_ width: Int, _ height: Int) throws {
    let resized = Resizer.antialiased(
      source, width: width, height: height, mean: Self.mean, standardDeviation: Self.deviation)
    let closeness = Closeness(resized, to: try Fixture.floats("torch_\(width)x\(height).f32"))
    #expect(closeness.maximumAbsolute <= Self.normalizedTolerance)
  }

  @Test("PyTorch's plain bilinear", arguments: [(97, 40), (7, 130), (10, 131), (150, 2)])
  func bilinear(_ width: Int, _ height: Int) throws {
    let plane = try Fixture.floats("plane_10x12.f32")
    let resized = Resizer.bilinear(
      plane, fromWidth: 10, fromHeight: 12, width: width, height: height)
    let closeness = Closeness(resized, to: try Fixture.floats("bilinear_\(width)x\(height).f32"))
    #expect(closeness.maximumAbsolute <= Self.bilinearTolerance)
  }

  @Test("enlarged planes agree with their pixels", arguments: [(97, 40), (7, 130), (5, 6)])
  func enlarged(_ width: Int, _ height: Int) throws {
    let plane = try Fixture.floats("plane_10x12.f32")
    let pixels = Resizer.bilinear(
      plane, fromWidth: 10, fromHeight: 12, width: width, height: height)
    let enlarged = EnlargedPlane(fromWidth: 10, fromHeight: 12, width: width, height: height)
    for threshold: Float in [-2, 0, 1.5] {
      let mask = plane.withUnsafeBufferPointer { enlarged.mask($0, threshold: threshold) }
      #expect(mask.bits == pixels.map { $0 > threshold })
      let areas = plane.withUnsafeBufferPointer {
        enlarged.areas($0, above: threshold + 1, and: threshold)
      }
      #expect(areas.low == mask.area)
      #expect(areas.high == pixels.count { $0 > threshold + 1 })
    }
  }

  @Test("normalising divides by 255 first")
  func normalized() {
    let image = RGBImage(width: 1, height: 2, pixels: [0, 128, 255, 1, 2, 3])
    let values = image.normalized(mean: Self.mean, standardDeviation: Self.deviation)
    #expect(values[1] == (Float(128) / 255 - 0.456) / 0.224)
    #expect(values[5] == (Float(3) / 255 - 0.406) / 0.225)
  }
}
