public import Bytes
public import Graph
internal import Media
public import Quantizer
public import Runtime
internal import SAM2

/// Quantises a model by what it does with real pictures and clips, and measures what that costs.
///
/// The pipeline runs in floating point and is observed; then the quantiser decides, the biases are
/// corrected downstream of quantised layers, and pictures that were not used for any of this are
/// segmented by both models. Equal inputs give an equal model.
public struct Calibrator {
  public struct Options: Sendable {
    public var runtime = RuntimeOptions()
    /// Minimum mask IoU with the floating-point model; layers return to floating point until it is
    /// met.
    public var minimumIoU: Double?
    /// Whether to measure every group of layers even when no budget asks for it.
    public var measuresSensitivity = false
    /// Frames of a clip that are tracked.
    public var frameLimit = 16
    /// Groups of layers a graph is measured in.
    public var groupLimit = 16

    public init() {}
  }

  public let options: Options
  let progress: (_ what: String, _ done: Int, _ total: Int) -> Void

  public init(
    _ options: Options = Options(),
    progress: @escaping (_ what: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in }
  ) {
    self.options = options
    self.progress = progress
  }

  /// Quantises `model`, whose graphs have been optimised.
  /// - Throws: `calibrate.unreadable` when no input can be decoded, `quantize.budget` when
  ///   `minimumIoU` cannot be met, what `Quantizer.plan` and the runtime throw.
  public func quantize(
    _ model: Model, by quantizer: Quantizer, inputs: CalibrationInputs
  ) throws(Failure) -> CalibratedModel {
    let weights = quantizer.watchedWeights(of: model)
    // Refusals first: what follows takes minutes.
    _ = try Quantizer(quantizer.recipe.withoutSearch).plan(model)
    var watching = try CalibrationRun(model, weights: weights, options)
    try watching.run(inputs, progress: progress)
    var plan = try quantizer.plan(model, profile: watching.recorder.profile)
    let calls = watching.recorder.calls
    if quantizer.recipe.steps.contains(.biasCorrection) {
      for (index, name) in calls.keys.sorted().enumerated() {
        progress("correcting", index, calls.count)
        try BiasCorrector(options: options.runtime).correct(
          &plan, graph: name, calls: calls[name] ?? [])
      }
    }
    let balance = try Balance(
      plan, try meter(plan, watching.heldOut.map(\.probe), of: model), options, progress)
    let (quantized, decisions) = try plan.quantized(fallback: balance.fallback)
    return CalibratedModel(
      model: quantized, decisions: decisions, sources: try watching.sources(),
      skipped: watching.inputs.skipped, isHeldOut: watching.isHeldOut,
      equalisation: Equalised(plan, by: .inputs), accuracy: balance.accuracy,
      accuracyWithoutFallback: balance.first,
      sensitivities: balance.sensitivities, fallback: balance.fallback.keys.sorted(),
      signals: try GraphSignal.measure(
        exact: plan.source, rounded: quantized, calls: calls, options: options.runtime))
  }
}

extension Calibrator {
  private func meter(
    _ plan: QuantizationPlan, _ probes: [Probe], of model: Model
  ) throws(Failure) -> AccuracyMeter {
    let isRanking = options.minimumIoU != nil || options.measuresSensitivity
    // Compact storage costs something of its own, which is not the layers' fault.
    let allFloat = Dictionary(
      plan.layers.map { ($0.weight, "alone") }, uniquingKeysWith: { first, _ in first })
    return try AccuracyMeter(
      probes, reference: SegmentationModel(model, options: options.runtime),
      baseline: isRanking ? plan.quantized(fallback: allFloat).model : nil,
      options: options.runtime)
  }
}

/// A quantised model, and everything for a report about it.
public struct CalibratedModel: Sendable {
  /// A file that was looked at.
  public struct Source: Sendable {
    public let path: String
    /// Its name without folders.
    public let name: String
    public let kind: CalibrationInputs.Item.Kind
    /// SHA-256 of the file; of a folder of frames, that of the list of their hashes.
    public let sha256: String
    /// Whether it was kept for measuring.
    public let isHeldOut: Bool
  }

  public let model: Model
  public let decisions: [Decision]
  public let sources: [Source]
  /// Inputs that could not be decoded.
  public let skipped: [Failure]
  /// False when there were too few inputs to keep some for measuring.
  public let isHeldOut: Bool
  public let equalisation: Equalised
  /// Of the model, against floating point.
  public let accuracy: Accuracy
  /// Before layers went back to floating point.
  public let accuracyWithoutFallback: Accuracy
  /// Worst first; empty when it was not measured.
  public let sensitivities: [Sensitivity]
  /// Weights that went back to floating point.
  public let fallback: [String]
  public let signals: [GraphSignal]
}
