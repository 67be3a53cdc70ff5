public import Bytes
public import Graph
internal import Media
public import Quantizer
public import Runtime
internal import SAM2

/// Quantises a model according to its behaviour on real pictures and clips, and measures the cost.
///
/// The pipeline is observed while running in floating point; then the quantiser decides, the biases
/// are corrected downstream of quantised layers, and both models segment pictures that were not
/// used for any of this. Equal inputs give an equal model.
public struct Calibrator {
  public struct Options: Sendable {
    public var runtime = RuntimeOptions()
    /// Minimum mask IoU with the floating-point model; layers return to floating point until it is
    /// met.
    public var minimumIoU: Double?
    /// Whether to measure every group of layers even without a budget.
    public var measuresSensitivity = false
    /// Number of frames tracked per clip.
    public var frameLimit = 16
    /// Number of groups into which each graph's layers are divided for measuring.
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
  /// - Throws: `calibrate.unreadable` if no input can be decoded, `quantize.budget` if `minimumIoU`
  ///   cannot be met, anything thrown by `Quantizer.plan` and the runtime.
  public func quantize(
    _ model: Model, by quantizer: Quantizer, inputs: CalibrationInputs
  ) throws(Failure) -> CalibratedModel {
    let weights = quantizer.watchedWeights(of: model)
    // Check for refusals first: the rest takes minutes.
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
    // Compact storage has a cost of its own, which must not be attributed to the layers.
    let allFloat = Dictionary(
      plan.layers.map { ($0.weight, "alone") }, uniquingKeysWith: { first, _ in first })
    return try AccuracyMeter(
      probes, reference: SegmentationModel(model, options: options.runtime),
      baseline: isRanking ? plan.quantized(fallback: allFloat).model : nil,
      options: options.runtime)
  }
}

/// A quantised model, and everything needed for a report about it.
public struct CalibratedModel: Sendable {
  /// A file that was examined.
  public struct Source: Sendable {
    public let path: String
    /// Its file name, without folders.
    public let name: String
    public let kind: CalibrationInputs.Item.Kind
    /// SHA-256 of the file; for a folder of frames, that of the list of their hashes.
    public let sha256: String
    /// Whether it was held out for measuring.
    public let isHeldOut: Bool
  }

  public let model: Model
  public let decisions: [Decision]
  public let sources: [Source]
  /// Inputs that could not be decoded.
  public let skipped: [Failure]
  /// False if there were too few inputs to hold any out for measuring.
  public let isHeldOut: Bool
  public let equalisation: Equalised
  /// Accuracy of the model, compared with floating point.
  public let accuracy: Accuracy
  /// Accuracy before layers were returned to floating point.
  public let accuracyWithoutFallback: Accuracy
  /// Worst first; empty if not measured.
  public let sensitivities: [Sensitivity]
  /// Weights that were returned to floating point.
  public let fallback: [String]
  public let signals: [GraphSignal]
}
