import SAM2Config
import Testing

@testable import SAM2

@Suite struct MaskChoiceTests {
  @Test func bestCandidateIgnoresTheSingleMaskAndTakesTheFirstOfEquals() {
    #expect(MaskChoice.best(predictedIoUs: [0.9, 0.2, 0.7, 0.7]) == 2)
    #expect(MaskChoice.best(predictedIoUs: [0.9, 0.2, 0.1, 0.1]) == 1)
  }

  /// Scores of `MaskDecoder._get_stability_scores` for the same logits.
  @Test func stabilityScoresEqualTheOfficialOnes() {
    let rule = StabilityRule()
    #expect(rule.score([Float](repeating: 1, count: 49) + [0]) == 0.98)
    #expect(rule.score([Float](repeating: 1, count: 48) + [0, 0]) == 0.96)
    #expect(rule.score([Float](repeating: -1, count: 5)) == 1)
    #expect(rule.score([0.05, 0.051, -0.05, -0.049, 3]) == 0.5)
  }

  @Test func unstableSingleMaskGivesWayToTheBestCandidate() {
    let stable = [Float](repeating: 1, count: 49) + [0]
    let unstable = stable + [0]
    let scores: [Float] = [0.9, 0.1, 0.2, 0.3]
    let rule = ModelConfiguration().stabilityRule
    #expect(MaskChoice.single(mask0: stable, predictedIoUs: scores, rule: rule) == 0)
    #expect(MaskChoice.single(mask0: unstable, predictedIoUs: scores, rule: rule) == 3)
    #expect(MaskChoice.single(mask0: unstable, predictedIoUs: scores, rule: nil) == 0)
  }
}
