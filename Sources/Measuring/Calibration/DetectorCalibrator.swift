public import Bytes
internal import Detector
public import Graph
internal import Media
public import Quantizer
public import Runtime
internal import SampleScene

/// Quantises a detector according to its behaviour on pictures, or on drawn scenes if there are
/// none.
///
/// The picture tower is observed while running in floating point; then the quantiser decides, and
/// biases are corrected downstream of quantised layers if pictures were given. The text tower is
/// rounded based on its weights. Equal inputs give an equal model.
public struct DetectorCalibrator {
  private let options: RuntimeOptions
  private let progress: (_ what: String, _ done: Int, _ total: Int) -> Void

  /// The graph that is observed.
  private static let graph = "find_boxes"
  /// Maximum number of its calls used for bias correction.
  private static let callLimit = 4

  public init(
    _ options: RuntimeOptions,
    progress: @escaping (_ what: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in }
  ) {
    (self.options, self.progress) = (options, progress)
  }

  /// Quantises `optimised`, the graphs of `model` after the passes; uses drawn scenes if there are
  /// no `inputs`.
  /// - Throws: `calibrate.unreadable` if no input can be decoded, anything thrown by
  ///   `Quantizer.plan` and the runtime.
  public func quantize(
    _ optimised: Model, of model: Model, by quantizer: Quantizer, inputs: CalibrationInputs?
  ) throws(Failure) -> CalibratedDetector {
    // Check for refusals first: the rest takes minutes.
    _ = try Quantizer(quantizer.recipe.withoutSearch).plan(optimised)
    var watched = optimised
    watched.graphs.removeAll { $0.name != Self.graph }
    let recorder = PipelineRecorder(
      watched, weights: quantizer.watchedWeights(of: watched), callLimit: Self.callLimit)
    recorder.set(isWatching: true, keepsCalls: inputs != nil)
    let detector = try Detector(
      optimised.withTokenizer(of: model), options: options, tap: recorder.tap)
    var profile: CalibrationProfile
    var looked = CalibratedDetector.Looked()
    var basis = Equalised.Basis.inputs
    if let inputs {
      try watch(detector, inputs, &looked)
      profile = recorder.profile
    } else {
      let scenes = DrawnScenes(imageSize: detector.configuration.imageSize)
      try watch(detector, scenes)
      basis = .scenes(scenes)
      profile = recorder.profile
      for name in profile.inputs.keys { profile.inputs[name]?.source = .scenes }
    }
    var plan = try quantizer.plan(optimised, profile: profile)
    if inputs != nil, quantizer.recipe.steps.contains(.biasCorrection) {
      progress("correcting", 0, 1)
      try BiasCorrector(options: options).correct(
        &plan, graph: Self.graph, calls: recorder.calls[Self.graph] ?? [])
    }
    let (quantized, decisions) = try plan.quantized()
    return CalibratedDetector(
      model: quantized.withTokenizer(of: model), decisions: decisions,
      equalisation: Equalised(plan, by: basis), looked: looked)
  }

  private func watch(_ detector: Detector, _ scenes: DrawnScenes) throws(Failure) {
    for (index, seed) in scenes.pictures.enumerated() {
      progress("watching", index, scenes.pictures.count)
      _ = try detector.look(at: SampleScene(seed: seed).still().image)
    }
  }

  /// Runs the detector on everything that is not held out for measuring.
  private func watch(
    _ detector: Detector, _ inputs: CalibrationInputs, _ looked: inout CalibratedDetector.Looked
  ) throws(Failure) {
    looked.skipped = inputs.skipped
    for (index, item) in inputs.items.enumerated() {
      progress("calibrating", index, inputs.items.count)
      do {
        let isHeldOut = CalibratedDetector.Looked.isHeldOut(index, of: inputs.items.count)
        let pictures = try item.pictures()
        try looked.add(item, isHeldOut: isHeldOut)
        guard !isHeldOut else { continue }
        for picture in pictures { _ = try detector.look(at: picture) }
      } catch {
        guard [.badInput, .missingInput].contains(error.kind) else { throw error }
        looked.skipped.append(error.about(file: item.path))
      }
    }
    guard looked.sources.contains(where: { !$0.isHeldOut }) else {
      throw Failure(
        .badInput, code: "calibrate.unreadable",
        "none of the \(looked.skipped.count) files for calibration can be decoded",
        place: looked.skipped.first?.description, hint: "give JPEG or PNG pictures, or videos")
    }
  }
}

extension Model {
  /// A copy with the tokenizer of `other`, which no graph reads.
  fileprivate func withTokenizer(of other: Model) -> Model {
    var copy = self
    let name = DetectorConfiguration.mergesName
    if let tensor = other.weights[name] { copy.weights.set(name, tensor) }
    return copy
  }
}
