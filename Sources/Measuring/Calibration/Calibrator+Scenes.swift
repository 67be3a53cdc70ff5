public import Bytes
public import Graph
public import Quantizer
internal import Runtime
internal import SAM2

/// A model that was quantised without pictures.
public struct UncalibratedModel: Sendable {
  public let model: Model
  public let decisions: [Decision]
  public let equalisation: Equalised
}

extension Calibrator {
  /// Quantises `model`, whose graphs have been optimised, without calibration inputs.
  ///
  /// If the recipe requests it and the model takes prompts, the model is observed on drawn scenes;
  /// otherwise statistics are estimated from its weights. Equal models give equal results.
  /// - Throws: anything thrown by `Quantizer.plan` and the runtime.
  public func quantize(
    _ model: Model, by quantizer: Quantizer
  ) throws(Failure) -> UncalibratedModel {
    // Check for refusals first.
    _ = try Quantizer(quantizer.recipe.withoutSearch).plan(model)
    var basis = Equalised.Basis.weights
    var profile: CalibrationProfile?
    if let watched = try watchedOnScenes(model, quantizer) {
      basis = .scenes(watched.scenes)
      profile = watched.profile
    }
    let plan = try quantizer.plan(model, profile: profile)
    let (quantized, decisions) = try plan.quantized()
    return UncalibratedModel(
      model: quantized, decisions: decisions, equalisation: Equalised(plan, by: basis))
  }

  private func watchedOnScenes(
    _ model: Model, _ quantizer: Quantizer
  ) throws(Failure) -> (scenes: DrawnScenes, profile: CalibrationProfile)? {
    let weights = quantizer.watchedWeights(of: model)
    guard quantizer.recipe.steps.contains(.scenes), !weights.isEmpty else { return nil }
    let recorder = PipelineRecorder(model, weights: weights, callLimit: 0)
    let runnable = try SegmentationModel(model, options: options.runtime, tap: recorder.tap)
    guard runnable.parts.allows(.prompting) else { return nil }
    progress("watching", 0, 1)
    let scenes = DrawnScenes(for: runnable)
    try scenes.show(to: runnable)
    var profile = recorder.profile
    for name in profile.inputs.keys { profile.inputs[name]?.source = .scenes }
    return (scenes, profile)
  }
}
