internal import Bytes
internal import Quantizer

/// Returns layers to floating point, worst first, until the masks agree closely enough.
struct Balance {
  /// Weights that stay in floating point, each with the reason.
  private(set) var fallback: [String: String] = [:]
  private(set) var accuracy: Accuracy
  /// With all layers in int8.
  let first: Accuracy
  private(set) var sensitivities: [Sensitivity] = []

  private let plan: QuantizationPlan
  private let meter: AccuracyMeter
  private let options: Calibrator.Options
  private let progress: (String, Int, Int) -> Void

  init(
    _ plan: QuantizationPlan, _ meter: AccuracyMeter, _ options: Calibrator.Options,
    _ progress: @escaping (String, Int, Int) -> Void
  ) throws(Failure) {
    (self.plan, self.meter, self.options, self.progress) = (plan, meter, options, progress)
    progress("measuring", 0, 1)
    first = try meter.accuracy(of: plan.quantized().model)
    accuracy = first
    let isMet = options.minimumIoU.map { first.minimum >= $0 } ?? true
    guard options.measuresSensitivity || !isMet else { return }
    sensitivities = try measuredSensitivities()
    if let minimum = options.minimumIoU, !isMet { try returnLayers(until: minimum) }
  }

  // MARK: Returning

  /// Returns as few of the worst groups as the budget needs: doubles their number until it is met,
  /// then halves the remaining interval, since each measurement tracks all clips.
  private mutating func returnLayers(until minimum: Double) throws(Failure) {
    var (tooFew, enough) = (0, 0)
    var measured = first
    while measured.minimum < minimum, tooFew < sensitivities.count {
      enough = min(sensitivities.count, max(1, 2 * tooFew))
      measured = try accuracy(returning: enough, minimum)
      if measured.minimum < minimum { tooFew = enough }
    }
    guard measured.minimum >= minimum else {
      throw Failure(
        .badInput, code: "quantize.budget",
        "a mask IoU of \(minimum) cannot be met: with all layers in floating point it is "
          + "\(measured.minimum), with all in int8 \(first.minimum)",
        hint: "ask for less with --min-iou")
    }
    accuracy = measured
    while enough - tooFew > 1 {
      let middle = (tooFew + enough) / 2
      let measured = try accuracy(returning: middle, minimum)
      if measured.minimum >= minimum {
        (enough, accuracy) = (middle, measured)
      } else {
        tooFew = middle
      }
    }
    fallback = returned(enough, minimum)
  }

  private func returned(_ count: Int, _ minimum: Double) -> [String: String] {
    var fallback: [String: String] = [:]
    for weight in sensitivities.prefix(count).flatMap(\.weights) {
      fallback[weight] = "kept by --min-iou \(minimum)"
    }
    return fallback
  }

  private func accuracy(returning count: Int, _ minimum: Double) throws(Failure) -> Accuracy {
    progress("returning layers", count, sensitivities.count)
    return try meter.accuracy(of: plan.quantized(fallback: returned(count, minimum)).model)
  }

  // MARK: Ranking

  /// Measures each group of layers with only that group in int8, worst first.
  private func measuredSensitivities() throws(Failure) -> [Sensitivity] {
    let groups = plan.layerGroups(limit: options.groupLimit)
    var found: [(order: Int, sensitivity: Sensitivity)] = []
    for (index, group) in groups.enumerated() {
      progress("measuring layers", index, groups.count)
      var others: [String: String] = [:]
      for layer in plan.layers { others[layer.weight] = "alone" }
      for weight in group.weights { others[weight] = nil }
      let measured = try meter.sensitivity(of: plan.quantized(fallback: others).model)
      found.append(
        (
          index,
          Sensitivity(
            weights: group.weights, graph: group.graph, accuracy: measured.accuracy,
            noise: measured.noise)
        ))
    }
    // Graph order breaks ties, so that files are reproducible.
    return found.sorted { a, b in
      a.sensitivity.noise != b.sensitivity.noise
        ? a.sensitivity.noise > b.sensitivity.noise : a.order < b.order
    }.map(\.sensitivity)
  }
}
