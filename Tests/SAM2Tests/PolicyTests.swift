import SAM2Config
import Tensors
import Testing

@testable import SAM2

/// The policies that follow an object.
@Suite struct PolicyTests {
  /// Mask m holds the logit m, and candidate 3 has the highest predicted IoU.
  private func candidates(isMultimask: Bool, mask0: [Float] = [9, 9, 9, 9]) -> MaskCandidates {
    let others = (1...3).flatMap { [Float](repeating: Float($0), count: 4) }
    return MaskCandidates(
      frame: 4, masks: Tensor(mask0 + others, shape: [4, 2, 2]),
      predictedIoUs: [0.9, 0.2, 0.3, 0.4], objectScore: 1, isMultimask: isMultimask)
  }

  @Test func predictedIoUTakesTheBestCandidateOrTheStableSingleMask() {
    let rule = ModelConfiguration().stabilityRule
    var selection = MaskSelection.predictedIoU
    let best = selection.select(candidates(isMultimask: true), rule: rule)
    #expect(best.index == 3 && best.predictedIoU == 0.4)
    #expect(best.copyLogits().shape == [2, 2] && best.copyLogits().floats() == [3, 3, 3, 3])
    #expect(selection.select(candidates(isMultimask: false), rule: rule).index == 0)
    let unstable = candidates(isMultimask: false, mask0: [9, 9, 0, 0])
    #expect(selection.select(unstable, rule: rule).index == 3)
    #expect(selection.select(unstable, rule: nil).index == 0)
    #expect(selection == .predictedIoU && selection.presenceThreshold == 0)
  }

  @Test(arguments: memoryPlanGolden.indices)
  func mostRecentLooksBackAsTheOfficialCode(row: Int) {
    let golden = memoryPlanGolden[row]
    var configuration = ModelConfiguration()
    configuration.memory.bank.numMaskmem = golden.memoryCount
    configuration.memory.bank.memoryTemporalStrideForEval = golden.stride
    configuration.memory.bank.maxCondFramesInAttn = golden.conditioningLimit
    configuration.pointers.maxObjPtrsInEncoder = golden.pointerLimit
    configuration.pointers.useSignedTposEncToObjPtrs = golden.isSigned
    configuration.pointers.onlyObjPtrsInThePastForEval = golden.onlyPast
    // Scores have no influence: those of absent objects and bad masks.
    let scores = FrameScores(predictedIoU: 0, objectScore: -9)
    let history = FrameHistory(
      conditioning: golden.conditioning, recent: golden.recent,
      scores: { golden.recent.contains($0) ? scores : nil })
    let plan = MemorySelection.mostRecent.plan(
      for: golden.frame, history: history, frameCount: golden.frameCount,
      isReverse: golden.isReverse, configuration: configuration)
    #expect(plan.memories.map { [$0.frame, $0.temporalRow] } == golden.memories)
    #expect(plan.pointers.map { [$0.frame, $0.distance] } == golden.pointers)
  }

  @Test(arguments: [false, true]) func mostRecentForgetsBeyondItsHorizon(isReverse: Bool) {
    let configuration = ModelConfiguration()
    let horizon = MemoryPlan.horizon(configuration)
    var selection = MemorySelection.mostRecent
    var masks = MaskSelection.predictedIoU
    let selected = masks.select(candidates(isMultimask: true), rule: nil)
    selection.observe(
      TrackedMask(
        selected: selected, logits: selected.copyLogits(), isReverse: isReverse, width: 2,
        height: 2))
    #expect(selection == .mostRecent)
    func isOutOfSight(_ distance: Int) -> Bool {
      let history = FrameHistory(conditioning: [], recent: [], scores: { _ in nil })
      return selection.outOfSight(
        from: 100, history: history, isReverse: isReverse, configuration: configuration)(
          isReverse ? 100 + distance : 100 - distance)
    }
    #expect(!isOutOfSight(horizon) && isOutOfSight(horizon + 1) && !isOutOfSight(-1))
  }

  /// Numbers in saved states are given once and stay.
  @Test func trackersHaveTheirPoliciesAndNumbers() {
    #expect(Tracker.allCases.map(\.rawValue) == ["sam2", "samurai", "dam4sam"])
    #expect(Tracker.allCases.map(\.code) == [0, 1, 2])
    let policies = TrackingPolicies(VideoOptions(), ModelConfiguration())
    #expect(policies == TrackingPolicies(masks: .predictedIoU, memories: .mostRecent))
    #expect(policies.masks.record == PolicyRecord(kind: 0, version: 1, bytes: []))
    #expect(policies.memories.record == PolicyRecord(kind: 0, version: 1, bytes: []))
    #expect(VideoOptions().tracker == .sam2)
  }
}
