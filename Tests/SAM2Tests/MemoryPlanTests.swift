import SAM2Config
import Testing

@testable import SAM2

@Suite struct MemoryPlanTests {
  @Test(arguments: memoryPlanGolden.indices)
  func looksBackAsTheOfficialCode(row: Int) {
    let golden = memoryPlanGolden[row]
    var configuration = ModelConfiguration()
    configuration.memory.bank.numMaskmem = golden.memoryCount
    configuration.memory.bank.memoryTemporalStrideForEval = golden.stride
    configuration.memory.bank.maxCondFramesInAttn = golden.conditioningLimit
    configuration.pointers.maxObjPtrsInEncoder = golden.pointerLimit
    configuration.pointers.useSignedTposEncToObjPtrs = golden.isSigned
    configuration.pointers.onlyObjPtrsInThePastForEval = golden.onlyPast
    let plan = MemoryPlan(
      MemoryPlan.View(
        frame: golden.frame, conditioning: golden.conditioning, frameCount: golden.frameCount,
        isReverse: golden.isReverse, configuration: configuration),
      hasRecent: { golden.recent.contains($0) })
    #expect(plan.memories.map { [$0.frame, $0.temporalRow] } == golden.memories)
    #expect(plan.pointers.map { [$0.frame, $0.distance] } == golden.pointers)
  }

  /// The history that `forgetHistory` keeps is enough for any plan of the next frame.
  @Test(arguments: [1, 2, 3, 5], [false, true])
  func horizonCoversEveryPlan(stride: Int, isReverse: Bool) {
    var configuration = ModelConfiguration()
    configuration.memory.bank.memoryTemporalStrideForEval = stride
    let horizon = MemoryPlan.horizon(configuration)
    for frame in 100..<120 {
      let plan = MemoryPlan(
        MemoryPlan.View(
          frame: frame, conditioning: [0, 199], frameCount: 200, isReverse: isReverse,
          configuration: configuration), hasRecent: { _ in true })
      // Forgetting happens after the frame before this one.
      let previous = isReverse ? frame + 1 : frame - 1
      let looked =
        plan.memories.filter { $0.source == .recent }.map(\.frame)
        + plan.pointers.filter { $0.source == .recent }.map(\.frame)
      #expect(looked.allSatisfy { abs($0 - previous) <= horizon })
    }
  }
}
