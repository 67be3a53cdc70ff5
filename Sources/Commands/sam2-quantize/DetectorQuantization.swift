import Bytes
import CLISupport
import Comparison
import Detector
import GoldenPrompt
import Graph
import JSON
import ModelFile
import ModelInterface
import Passes
import Quantizer
import Runtime

/// Quantises a detector by its weights, and measures its agreement on drawn scenes.
struct DetectorQuantization {
  let input: String
  let model: Model
  let running: RunOptions
  let common: CommonOptions

  /// Tensors that no graph reads and that a file needs all the same.
  private static let keptTensors = ["tokenizer.merges"]

  /// - Throws: `quantize.detector` for an option that is about masks.
  static func refuse(
    _ choices: QuantizeOptions, _ stages: StageOptions, _ reporting: ReportOptions
  ) throws(Failure) {
    let options = [
      ("--calibrate", !choices.calibrate.isEmpty), ("--min-iou", choices.minimumIoU != nil),
      ("--sensitivity", choices.sensitivity == true), ("--without", !choices.without.isEmpty),
      ("--keep-fp32", !choices.keepFloat.isEmpty), ("--report", reporting.folder != nil),
      ("--bisect", stages.bisect), ("--optimize-only", stages.optimizeOnly),
      ("--allow-requantize", stages.allowRequantize),
      ("the parts of a SAM 2", stages.parts != .all),
    ]
    guard let (name, _) = options.first(where: \.1) else { return }
    throw Failure(
      .usage, code: "quantize.detector",
      "\(name) is for models that make masks, and this is a detector",
      hint: "leave it out: a detector is rounded by its weights alone")
  }

  /// The model in int8, and how far it agrees with that in floating point.
  func result(isDryRun: Bool) throws(Failure) -> (model: Model, agreement: DetectorAgreement?) {
    do {
      let (optimised, _) = try Pipeline.run(Pipeline.standard, on: model)
      let recipe = Recipe.detector(weights: optimised.weights.names)
      var quantized = try Quantizer(recipe).quantize(optimised).model
      for name in Self.keptTensors {
        if let tensor = model.weights[name] { quantized.weights.set(name, tensor) }
      }
      let options = RuntimeOptions(threads: try running.threads())
      guard !isDryRun else {
        quantized.metadata = try GoldenPrompt.placeholder(for: quantized).added(
          to: quantized.metadata)
        return (quantized, nil)
      }
      let agreement = try measure(quantized, options)
      quantized.metadata = .object(
        (quantized.metadata.object ?? []) + [
          ("quantization", ["agreement": agreement.json])
        ])
      let golden = try GoldenPrompt(running: quantized, options: options)
      quantized.metadata = golden.added(to: quantized.metadata)
      return (quantized, agreement)
    } catch {
      throw error.about(file: input)
    }
  }

  private func measure(
    _ quantized: Model, _ options: RuntimeOptions
  ) throws(Failure) -> DetectorAgreement {
    let progress = common.progress("comparing", unit: "pictures")
    defer { progress.finish() }
    return try DetectorAgreement(
      Detector(model, options: options), Detector(quantized, options: options)
    ) { progress.update($0, of: $1) }
  }

  /// Prints sizes and agreement.
  func report(
    _ agreement: DetectorAgreement?, output: String?, byteCount: Int, json: Bool
  ) throws {
    let sourceBytes = try ModelFile.byteCount(of: model)
    let share = Double(byteCount) / Double(max(1, sourceBytes))
    if json {
      var entries: [(key: String, value: JSONValue)] = [
        ("input", .string(input)), ("input_bytes", .init(sourceBytes)),
        ("output_bytes", .init(byteCount)), ("share", .init(share)),
        ("agreement", agreement?.json ?? .null),
      ]
      if let output { entries.append(("output", .string(output))) }
      return Console.data(JSONValue.object(entries).text(.pretty))
    }
    if let agreement { common.note(agreement.sentence) }
    common.note(
      "\(readable(byteCount: sourceBytes)) -> \(output ?? "nothing written"), "
        + "\(readable(byteCount: byteCount)) (\(fixed(share * 100, 1)) %)")
  }
}

extension DetectorAgreement {
  fileprivate var json: JSONValue {
    [
      "scenes": .init(sceneCount), "detections": .init(detectionCount),
      "boxes_within_iou_0.95": .init(boxAgreement), "same_label": .init(labelAgreement),
      "mean_score_change": .init(meanScoreChange),
      "largest_score_change": .init(largestScoreChange),
      "class_signal_db": classSignal.isFinite ? .init(classSignal) : .null,
    ]
  }

  fileprivate var sentence: String {
    "on \(sceneCount) drawn scenes: \(fixed(boxAgreement * 100, 1)) % of \(detectionCount) boxes within "
      + "IoU 0.95, \(fixed(labelAgreement * 100, 1)) % with the same label, scores off by "
      + "\(fixed(meanScoreChange, 4)) (at most \(fixed(largestScoreChange, 4))), class features "
      + "\(fixed(classSignal, 1)) dB"
  }
}
