import Bytes
import DetectorConfig
import DetectorImport
import DetectorSamples
import JSON
import Media
import Tensors
import TestSupport
import Testing

@testable import Detector

/// Rounding of float32 in another order, through two layers and the heads.
private let parityTolerance = 1e-5
/// Rounding of pixels, of which the largest are near 2.
private let pixelTolerance: Float = 1e-5

@Suite("A detector beside transformers")
struct DetectorParityTests {
  private let fixture: ReferenceFixture

  init() throws { fixture = try ReferenceFixture() }

  private func pixels() -> [Float] { Formula.uniform("pixels", 3 * 96 * 96) }

  private func look(_ detector: Detector, _ pixels: [Float]) throws -> PictureBoxes {
    try detector.look(
      at: Tensor(pixels, shape: [1, 96, 96, 3]), width: 96, height: 96, extent: (96, 96))
  }

  @Test("gives its boxes and logits for texts", arguments: DetectorKind.allCases)
  func texts(_ kind: DetectorKind) throws {
    let detector = try Detector(try fixture.imported(kind).model)
    let boxes = try look(detector, pixels())
    let queries = try detector.queries(for: try fixture.texts)
    let logits = try detector.logits(queries, for: boxes)
    #expect(
      relativeError(logits.floats(), try fixture.numbers(kind, "logits")) < parityTolerance)
    #expect(
      relativeError(boxes.boxes.floats(), try fixture.numbers(kind, "boxes")) < parityTolerance)
    if kind.hasObjectness {
      let objectness = try #require(boxes.objectness).floats()
      #expect(
        relativeError(objectness, try fixture.numbers(kind, "objectness")) < parityTolerance)
    } else {
      #expect(boxes.objectness == nil)
    }
  }

  @Test("gives its logits for an example", arguments: DetectorKind.allCases)
  func example(_ kind: DetectorKind) throws {
    let detector = try Detector(try fixture.imported(kind).model)
    var flipped = pixels()
    for y in 0..<96 {
      for x in 0..<96 {
        for channel in 0..<3 {
          flipped[(y * 96 + x) * 3 + channel] = pixels()[(y * 96 + 95 - x) * 3 + channel]
        }
      }
    }
    let query = detector.query(in: try look(detector, flipped), box: nil, label: "")
    let logits = try detector.logits(query, for: try look(detector, pixels()))
    #expect(
      relativeError(logits.floats(), try fixture.numbers(kind, "guided")) < parityTolerance)
  }

  @Test("encodes a text in a batch as alone, and once")
  func batches() throws {
    let detector = try Detector(try fixture.imported(.owlv2).model)
    let texts = try fixture.texts
    let alone = try texts.map { try detector.queries(for: [$0]).vectors[0] }
    let other = try Detector(try fixture.imported(.owlv2).model)
    let together = try other.queries(for: texts)
    #expect(zip(alone, together.vectors).allSatisfy { relativeError($0, $1) < parityTolerance })
    #expect(try other.queries(for: texts) == together)
  }

  @Test("prepares pictures of odd sizes as its processor does")
  func preparation() throws {
    for entry in try fixture.json.requiredArray("resizing") {
      let (width, height) = (try entry.requiredInt("width"), try entry.requiredInt("height"))
      let side = try entry.requiredInt("side")
      let numbers = Formula.uniform(try entry.requiredString("name"), width * height * 3)
      let picture = RGBImage(
        width: width, height: height, pixels: numbers.map { UInt8(($0 + 1) * 127.5) })
      let configuration = DetectorConfiguration()
      var prepared = [Float](repeating: .nan, count: side * side * 3)
      prepared.withUnsafeMutableBufferPointer {
        Resizer.paddedSquare(
          picture, into: $0, side: side, mean: configuration.pixelMean.map { Float($0) },
          standardDeviation: configuration.pixelStd.map { Float($0) })
      }
      let expected = try entry.requiredArray("every").map { Float($0.double ?? .nan) }
      let step = max(1, prepared.count / 97)
      let found = stride(from: 0, to: prepared.count, by: step).map { prepared[$0] }
      #expect(found.count == expected.count)
      let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
      #expect(worst < pixelTolerance, "\(width) x \(height) to \(side): \(worst)")
    }
  }
}
