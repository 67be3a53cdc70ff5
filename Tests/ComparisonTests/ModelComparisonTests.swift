import Bytes
import Graph
import Media
import Passes
import Quantizer
import SAM2
import Tensors
import TestSupport
import Testing

@testable import Comparison

/// Two models side by side.
struct ModelComparisonTests {
  /// Masks of two scenes and a short clip after plain rounding, far below what is measured.
  static let maskFloor = 0.9
  /// Features of the int8 encoder: 49 dB and more are measured.
  static let featureFloor = 40.0

  private static let frameCount = 10

  private func compare(_ candidate: Model) throws -> ModelComparison {
    try ModelComparison(
      reference: Nano.model.get(), candidate: candidate,
      pictures: Array(PictureTask.samples.prefix(2)),
      clips: [.sample(frameLimit: Self.frameCount)])
  }

  private static let int8 = Result { () throws -> Model in
    try Quantizer().quantize(Pipeline.run(on: Nano.model.get()).model).model
  }

  @Test func aModelAgreesWithItself() throws {
    let comparison = try compare(Nano.model.get())
    #expect(comparison.pictures.allSatisfy { $0.featureSQNR == .infinity })
    #expect(comparison.pictures.flatMap(\.masks).allSatisfy { $0.iou == 1 })
    let clip = try #require(comparison.clips.first)
    #expect(clip.frameCount == Self.frameCount && clip.objects.count == 2)
    #expect(clip.curve(\.free) == Array(repeating: 1, count: Self.frameCount))
    #expect(clip.curve(\.forced) == Array(repeating: 1, count: Self.frameCount))
    #expect(comparison.examples.isEmpty)
    for truth in comparison.pictures.flatMap(\.masks).compactMap(\.truth) {
      #expect(truth.reference == truth.candidate)
    }
  }

  @Test func int8IsCloseAndMeasured() throws {
    let comparison = try compare(Self.int8.get())
    #expect(comparison.pictures.count == 2)
    for picture in comparison.pictures {
      #expect(picture.masks.count == 6 && picture.masks.allSatisfy { $0.truth != nil })
      #expect(picture.featureSQNR > Self.featureFloor && picture.featureSQNR < 100)
      #expect(picture.masks.reduce(0) { $0 + $1.iou } / 6 > Self.maskFloor)
      #expect(picture.masks.map(\.prompt).filter { $0.hasPrefix("box ") }.count == 3)
    }
    let clip = try #require(comparison.clips.first)
    let (free, forced) = (clip.curve(\.free), clip.curve(\.forced))
    // Nothing to remember yet on the first frame; one frame to look back at on the second.
    #expect(free[0] == forced[0])
    #expect(free != forced)
    #expect(forced.reduce(0, +) / Double(forced.count) > Self.maskFloor)
    let all = comparison.pictures.flatMap(\.masks).map(\.iou) + clip.objects.flatMap(\.free)
    #expect(comparison.examples.map(\.iou).min() == all.min() && (all.min() ?? 1) < 1)
    let examples = comparison.examples.map { max($0.image.width, $0.image.height) }
    #expect(examples.allSatisfy { $0 <= 320 })
  }

  /// A candidate that encodes its memory as nothing tracks well with the reference's memory, and
  /// not with its own.
  @Test func forcingSeparatesMemoryFromSight() throws {
    var forgetful = try Nano.model.get()
    let name = try #require(
      forgetful.weights.names.first { $0.hasSuffix("memory_encoder.out_proj.weight") })
    let tensor = try #require(forgetful.weights[name])
    forgetful.weights.set(
      name, Tensor([Float](repeating: 0, count: tensor.elementCount), shape: tensor.shape))
    let clip = try #require(compare(forgetful).clips.first)
    #expect(clip.curve(\.forced) == Array(repeating: 1, count: Self.frameCount))
    #expect(clip.curve(\.free).contains { $0 < 0.99 }, "\(clip.curve(\.free))")
  }

  @Test func timesAreOfBothSides() throws {
    let clocks = try compare(Self.int8.get()).clocks
    let names = clocks.rows.filter { !$0.isGraph }.map(\.name)
    #expect(
      names == [
        "encode a picture", "click on an encoded picture", "box on an encoded picture",
        "tracked frame, 2 objects",
      ])
    let encoder = try #require(clocks.rows.first { $0.name == "encode_image" })
    let (old, new) = try (#require(encoder.reference), #require(encoder.candidate))
    #expect(encoder.isGraph && old.int8GMAC == 0 && new.int8GMAC > 0.4)
    // Passes may save products, and do not add any.
    let work = (new.floatGMAC + new.int8GMAC) / old.floatGMAC
    #expect(work > 0.8 && work < 1 + 1e-6, "\(work)")
    for times in [old, new] {
      #expect(times.medianMilliseconds > 0 && times.medianMilliseconds <= times.p95Milliseconds)
      #expect(times.shareOfPeak > 0 && times.runs > 1)
    }
  }

  @Test func filesWithoutMemoryAreComparedOnPictures() throws {
    let comparison = try ModelComparison(
      reference: Nano.model.get(),
      candidate: ModelParts.imageOnly.reduced(Self.int8.get()),
      pictures: Array(PictureTask.samples.prefix(1)), clips: [.sample(frameLimit: 4)])
    #expect(comparison.clips.isEmpty && comparison.pictures[0].masks.count == 6)
  }
}
