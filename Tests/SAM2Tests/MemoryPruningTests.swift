import Bytes
import Glibc
import Media
import Tensors
import TestSupport
import Testing

@testable import SAM2

/// A full memory bank without the memories that the newest one makes superfluous.
@Suite struct MemoryPruningTests {
  /// A memory of two positions whose channels point in a direction, degrees from the newest one.
  private func memory(_ degrees: Double, size: Float = 1) -> Tensor {
    let angle = degrees * Double.pi / 180
    let (x, y) = (Float(cos(angle)) * size, Float(sin(angle)) * size)
    return Tensor([x, y, x, y], shape: [2, 2]).bfloat16(pool: StoragePool())
  }

  @Test func theTwoMostSimilarGo() {
    let bank = [0, 50, 10, 80, 30, 20, 0].map { memory($0) }
    #expect(MemoryPruning.redundant(among: bank, bankSize: 7) == [2, 5])
    // Size does not count, and neither does order.
    let sizes = zip([0, 30, 10, 80, 50, 20, 0], [1, 9, 0.1, 7, 1, 3, 2] as [Float])
      .map { memory($0, size: $1) }
    #expect(MemoryPruning.redundant(among: sizes, bankSize: 7) == [2, 5])
  }

  @Test func equalOnesGoFromTheOldest() {
    let bank = [0, 40, 40, 40, 40, 40, 0].map { memory($0) }
    #expect(MemoryPruning.redundant(among: bank, bankSize: 7) == [1, 2])
  }

  @Test func aBankThatIsNotFullStays() {
    for count in 0..<7 {
      let bank = (0..<count).map { memory(Double($0)) }
      #expect(MemoryPruning.redundant(among: bank, bankSize: 7).isEmpty)
    }
    let small = [0, 10, 0].map { memory($0) }
    #expect(MemoryPruning.redundant(among: small, bankSize: 3).isEmpty)
    let four = [0, 10, 20, 0].map { memory($0) }
    #expect(MemoryPruning.redundant(among: four, bankSize: 4) == [1, 2])
  }

  @Test func zerosAreNotDividedBy() {
    let zero: [Float] = [0, 0, 0, 0]
    #expect(MemoryPruning.similarity(zero, zero, channels: 2) == 0)
  }

  private func logits(_ options: VideoOptions, frames: Int) throws -> [[Float]] {
    let clip = try TrackerParityTests.clip.get()
    let video = try VideoPredictor(try Nano.model.get(), frames: clip, options: options)
    try video.addPoints(frame: 0, object: 1, points: [.init(x: 96, y: 85)])
    var propagation = try video.propagation(maxFrames: frames)
    var found: [[Float]] = []
    while let result = try propagation.next() {
      found += result.objects.map { $0.lowResolutionLogits.floats() }
    }
    return found
  }

  /// Pruning begins with the eighth frame, and works with each tracker.
  @Test(arguments: Tracker.allCases) func fullBanksAreLookedAtInPart(tracker: Tracker) throws {
    var options = VideoOptions()
    options.tracker = tracker
    let whole = try logits(options, frames: 10)
    options.prunesMemory = true
    let pruned = try logits(options, frames: 10)
    #expect(pruned.count == whole.count)
    let isSameAtFirst = Array(pruned.prefix(7)) == Array(whole.prefix(7))
    #expect(isSameAtFirst)
  }

  @Test func whatStaysKeepsItsPlaceInTime() throws {
    let clip = try TrackerParityTests.clip.get()
    let video = try VideoPredictor(try Nano.model.get(), frames: clip)
    try video.addPoints(frame: 0, object: 1, points: [.init(x: 96, y: 85)])
    var propagation = try video.propagation(maxFrames: 8)
    while try propagation.next() != nil {}
    let object = try #require(video.objects.first)
    let plan = object.policies.memories.plan(
      for: 9, history: object.history, frameCount: video.frameCount, isReverse: false,
      configuration: video.tracker.configuration)
    let whole = try ObjectMemory(plan, of: object)
    let pruned = whole.pruned(bankSize: 7)
    let removed = MemoryPruning.redundant(among: whole.memories, bankSize: 7)
    #expect(whole.memories.count == 7 && pruned.memories.count == 5 && removed.count == 2)
    let rows = whole.layout.temporalRows.enumerated().filter { !removed.contains($0.offset) }
    #expect(pruned.layout.temporalRows == rows.map(\.element))
    #expect(pruned.layout.distances == whole.layout.distances)
    #expect(whole.pruned(bankSize: 8).memories.count == 7)
  }

  @Test func aSavedJobKeepsTheChoice() throws {
    let clip = try TrackerParityTests.clip.get()
    var options = VideoOptions()
    options.prunesMemory = true
    let video = try VideoPredictor(try Nano.model.get(), frames: clip, options: options)
    try video.addPoints(frame: 0, object: 1, points: [.init(x: 96, y: 85)])
    try withTemporaryFolder { folder in
      try video.saveState(to: folder + "/state", propagation: nil)
      _ = try VideoPredictor(try Nano.model.get(), frames: clip, options: options)
        .restoreState(from: folder + "/state")
      #expect(throws: failure("state.options")) {
        _ = try VideoPredictor(try Nano.model.get(), frames: clip)
          .restoreState(from: folder + "/state")
      }
    }
  }
}
