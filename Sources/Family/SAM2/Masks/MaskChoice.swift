import SAM2Config

/// Which of the decoder's four masks a predictor shows: mask 0 is the single-mask output, masks
/// 1...3 are the candidates for an ambiguous prompt.
enum MaskChoice {
  /// The candidate with the highest predicted IoU, 1...3; on a tie, the first.
  static func best(predictedIoUs scores: [Float]) -> Int {
    (1..<scores.count).reduce(1) { scores[$1] > scores[$0] ? $1 : $0 }
  }

  /// The mask shown when a single one is asked for, 0...3.
  ///
  /// This is mask 0, whose logits are `mask0`, unless there is a rule by which it is unstable; then
  /// it is the best candidate. `predictedIoUs` covers all four masks.
  static func single(
    mask0: [Float], predictedIoUs: [Float], rule: StabilityRule?
  ) -> Int {
    guard let rule else { return 0 }
    return rule.score(mask0) >= rule.threshold ? 0 : best(predictedIoUs: predictedIoUs)
  }
}

extension DecodedMasks {
  /// Indices of the masks that a caller sees for prompt `row`: the three candidates, or one mask.
  func shownMasks(_ row: Int, multimask: Bool, _ configuration: ModelConfiguration) -> [Int] {
    let ious = predictedIoUs[row].floats()
    if multimask { return Array(1..<ious.count) }
    return [
      MaskChoice.single(
        mask0: masks[row][0].floats(), predictedIoUs: ious, rule: configuration.stabilityRule)
    ]
  }
}

/// `dynamic_multimask_via_stability`: a mask is stable when its area hardly depends on the
/// threshold.
struct StabilityRule: Sendable, Hashable {
  var delta: Float = 0.05
  var threshold: Float = 0.98

  /// Area above `delta` over area above `-delta`; 1 for an empty mask.
  func score(_ logits: [Float]) -> Float {
    var inner = 0
    var outer = 0
    for logit in logits {
      if logit > delta { inner += 1 }
      if logit > -delta { outer += 1 }
    }
    return outer > 0 ? Float(inner) / Float(outer) : 1
  }
}

extension ModelConfiguration {
  /// nil when the single mask is always mask 0.
  var stabilityRule: StabilityRule? {
    guard decoder.dynamicMultimaskViaStability else { return nil }
    return StabilityRule(
      delta: Float(decoder.dynamicMultimaskStabilityDelta),
      threshold: Float(decoder.dynamicMultimaskStabilityThresh))
  }
}
