internal import Bytes
internal import Quantizer

/// Returns layers to floating point, worst first, until the masks agree well enough.
struct Balance {
  /// Weights that stay in floating point, with the reason.
  private(set) var fallback: [String: String] = [:]
  private(set) var accuracy: Accuracy
  /// With all layers in int8.
  let first: Accuracy
  private(set) var sensitivities: [Sensitivity] = []

  init(
    _ plan: QuantizationPlan, _ meter: AccuracyMeter, _ options: Calibrator.Options,
    _ progress: (String, Int, Int) -> Void
  ) throws(Failure) {
    progress("measuring", 0, 1)
    first = try meter.accuracy(of: plan.quantized().model)
    accuracy = first
    let isMet = options.minimumIoU.map { first.least >= $0 } ?? true
    guard options.measuresSensitivity || !isMet else { return }
    sensitivities = try Self.measure(plan, meter, options, progress)
    guard let minimum = options.minimumIoU, !isMet else { return }
    for (index, group) in sensitivities.enumerated() where accuracy.least < minimum {
      for weight in group.weights { fallback[weight] = "kept by --min-iou \(minimum)" }
      progress("returning layers", index, sensitivities.count)
      accuracy = try meter.accuracy(of: plan.quantized(fallback: fallback).model)
    }
    guard accuracy.least >= minimum else {
      throw Failure(
        .badInput, code: "quantize.budget",
        "a mask IoU of \(minimum) cannot be met: with all layers in floating point it is "
          + "\(accuracy.least), with all in int8 \(first.least)",
        hint: "ask for less with --min-iou")
    }
  }

  /// Each group of layers alone in int8, worst first.
  private static func measure(
    _ plan: QuantizationPlan, _ meter: AccuracyMeter, _ options: Calibrator.Options,
    _ progress: (String, Int, Int) -> Void
  ) throws(Failure) -> [Sensitivity] {
    let groups = plan.layerGroups(limit: options.groupLimit)
    var found: [(order: Int, sensitivity: Sensitivity)] = []
    for (index, group) in groups.enumerated() {
      progress("measuring layers", index, groups.count)
      var others: [String: String] = [:]
      for layer in plan.layers { others[layer.weight] = "alone" }
      for weight in group.weights { others[weight] = nil }
      found.append(
        (
          index,
          Sensitivity(
            weights: group.weights, graph: group.graph,
            accuracy: try meter.accuracy(of: plan.quantized(fallback: others).model))
        ))
    }
    // The order of the graph settles ties, so that files are reproducible.
    return found.sorted { a, b in
      a.sensitivity.loss != b.sensitivity.loss
        ? a.sensitivity.loss > b.sensitivity.loss : a.order < b.order
    }.map(\.sensitivity)
  }
}
