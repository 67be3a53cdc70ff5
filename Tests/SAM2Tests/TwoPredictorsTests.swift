import Checkpoints
import Media
import SAM2Import
import Tensors
import TestSupport
import Testing

@testable import SAM2

/// Predictors on several threads share the weights and plans of one model, and nothing else.
@Suite struct TwoPredictorsTests {
  #if DEBUG
  private static let rounds = 2
  #else
  private static let rounds = 40
  #endif

  private struct Work: Sendable {
    let model: SegmentationModel
    let picture: RGBImage
    let prompt: Prompt

    /// Logits of the last of some rounds of encoding and a click.
    func run(_ rounds: Int) throws -> [UInt32] {
      let predictor = ImagePredictor(model)
      var logits: [UInt32] = []
      for _ in 0..<rounds {
        try predictor.setImage(picture)
        logits = try predictor.predict(prompt).lowResolutionLogits.floats().map(\.bitPattern)
      }
      return logits
    }
  }

  /// Each gets the bits that it gets alone; the time of both is printed beside that of one.
  @Test func giveWhatEachGivesAlone() async throws {
    let checkpoint = try Checkpoint.open(Nano.path("nano.pt"))
    let model = try SegmentationModel(
      ModelImporter.importModel(checkpoint.tensors).model, options: RuntimeOptions(threads: 1))
    let picture = try ImageReader.read(Nano.path("still.png"))
    let work = [[60, 80], [150, 120]].map { (point: [Float]) in
      Work(
        model: model, picture: picture,
        prompt: Prompt(points: [.init(x: point[0], y: point[1])]))
    }
    _ = try work[0].run(1)
    let clock = ContinuousClock()
    let start = clock.now
    let alone = try work.map { try $0.run(Self.rounds) }
    let apart = (clock.now - start) / 2
    let began = clock.now
    let together = try await withThrowingTaskGroup(of: (Int, [UInt32]).self) { group in
      for (index, item) in work.enumerated() {
        group.addTask { (index, try item.run(Self.rounds)) }
      }
      var results: [Int: [UInt32]] = [:]
      for try await (index, logits) in group { results[index] = logits }
      return results
    }
    print("two predictors together: \((clock.now - began) / apart) times one alone")
    #expect(together[0] == alone[0] && together[1] == alone[1])
    #expect(alone[0] != alone[1])
  }
}
