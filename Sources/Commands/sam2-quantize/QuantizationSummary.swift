internal import Bytes
import CLISupport
import Calibration
import Graph
import JSON
import ModelFile
import Passes
import Quantizer
import Tensors

/// The summary of a run, for people and for scripts.
struct QuantizationSummary {
  let input: String
  let output: String?
  let source: Model
  let result: QuantizationResult
  /// Size of the file, even if it is not written.
  let byteCount: Int
  /// One sentence from the report; nil without a report.
  var verdict: String?

  private var quantized: [Decision] { result.decisions.filter { $0.scheme == .int8 } }

  func print(json: Bool, _ common: CommonOptions) throws {
    if json {
      Console.data(try value().text(.pretty))
      return
    }
    for entry in result.fullLog { common.detail(line(entry)) }
    for decision in result.decisions { common.detail(line(decision)) }
    if let recipe = result.recipe {
      noteQuantization(recipe, common)
    } else {
      let before = source.graphs.reduce(0) { $0 + $1.nodes.count }
      let after = result.model.graphs.reduce(0) { $0 + $1.nodes.count }
      common.note("\(before) nodes -> \(after); nothing was rounded")
    }
    common.note("\(output ?? "the file would have"): \(readable(byteCount: byteCount))")
  }

  private func noteQuantization(_ recipe: Recipe, _ common: CommonOptions) {
    let linear = quantized.count + result.decisions.count { $0.reason != nil }
    common.note("\(quantized.count) of \(linear) products in int8; the rest stays in float")
    if let worst = quantized.min(by: { ($0.sqnr ?? 0) < ($1.sqnr ?? 0) }) {
      common.note("weight with the largest error: \(worst.weight), \(fixed(worst.sqnr ?? 0, 1)) dB")
    }
    let zeros = result.decisions.filter { $0.zeroChannels > 0 }
    if let first = zeros.first {
      common.note(
        "\(zeros.count) weights have channels of nothing but zeros, among them \(first.weight)")
    }
    let before = source.weights.byteCount
    let after = result.model.weights.byteCount
    let share = fixed(100 * Double(after) / Double(max(1, before)), 1)
    common.note(
      "weights \(readable(byteCount: before)) -> \(readable(byteCount: after)) (\(share) %)")
    if let equalisation = result.equalisation { common.note(equalisation.sentence) }
    noteCalibration(common)
    if output == nil {
      common.note(
        "recipe: int8 in \(recipe.graphs.sorted().joined(separator: ", ")); steps "
          + recipe.steps.map(\.rawValue).sorted().joined(separator: ", "))
    }
  }

  private func line(_ entry: Pipeline.Entry) -> String {
    func list(_ rows: [GraphChange.Row]) -> String {
      rows.isEmpty ? "nothing" : rows.map { "\($0.count) \($0.kind)" }.joined(separator: ", ")
    }
    return "\(entry.pass), \(entry.graph): \(entry.nodesBefore) -> \(entry.nodesAfter) nodes, "
      + "\(list(entry.change.removed)) became \(list(entry.change.added))"
  }

  private func noteCalibration(_ common: CommonOptions) {
    if let verdict { common.note("compared: \(verdict)") }
    guard let calibrated = result.calibrated else {
      if verdict != nil { return }
      common.note("no calibration pictures were given: the cost in mask IoU was not measured")
      return
    }
    for failure in calibrated.skipped { common.note("skipped: \(failure)") }
    if calibrated.sources.count == 1 {
      common.note("warning: one picture or clip is little to calibrate with")
    }
    if !calibrated.isHeldOut {
      common.note("fewer than four inputs: measured on the ones that calibration saw")
    }
    for sensitivity in calibrated.sensitivities {
      common.detail(
        "\(fixed(sensitivity.sqnr, 1)) dB, \(fixed(sensitivity.loss, 5)) lost by "
          + "\(sensitivity.graph): "
          + sensitivity.weights.joined(separator: " "))
    }
    for signal in calibrated.signals {
      common.detail("\(signal.graph) \(signal.output): \(fixed(signal.sqnr, 1)) dB")
    }
    for (name, isClip) in [("pictures", false), ("clips", true)] {
      let accuracy = calibrated.accuracy
      guard let mean = isClip ? accuracy.clips : accuracy.pictures else { continue }
      common.note(
        "mask IoU with floating point, \(name): mean \(fixed(mean, 4)), 5th percentile "
          + "\(fixed(accuracy.percentile(0.05, ofClips: isClip) ?? 1, 4)) of "
          + "\(accuracy.ious(ofClips: isClip).count) masks")
    }
    if !calibrated.fallback.isEmpty {
      common.note("\(calibrated.fallback.count) layers went back to floating point")
    }
  }

  private func line(_ decision: Decision) -> String {
    var text = "\(decision.weight) \(decision.shape): \(decision.from.name) -> \(decision.to.name)"
    if let sqnr = decision.sqnr { text += ", \(fixed(sqnr, 1)) dB" }
    if let sqnr = decision.inputSQNR { text += ", input \(fixed(sqnr, 1)) dB" }
    if let alpha = decision.smoothing { text += ", smoothed \(fixed(alpha, 2))" }
    if let correction = decision.correction { text += ", bias by \(fixed(Double(correction), 4))" }
    if decision.zeroChannels > 0 { text += ", \(decision.zeroChannels) channels of zeros" }
    if let reason = decision.reason { text += ", \(reason)" }
    return text
  }

  private func value() throws -> JSONValue {
    var entries: [(key: String, value: JSONValue)] = [
      ("input", .string(input)),
      ("weight_bytes_before", .integer(Int64(source.weights.byteCount))),
      ("weight_bytes_after", .integer(Int64(result.model.weights.byteCount))),
      ("int8_weights", .integer(Int64(quantized.count))),
      ("recipe", result.recipe?.json ?? .null),
      ("passes", .array(result.fullLog.map(value))),
      ("equalisation", result.equalisation?.json ?? .null),
      ("calibration", result.calibrated?.provenance ?? .null),
      ("sensitivity", .array((result.calibrated?.sensitivities ?? []).map(value))),
      ("weights", .array(result.decisions.map(value))),
    ]
    entries.append(("output_bytes", .integer(Int64(byteCount))))
    if let output {
      entries.append(("output", .string(output)))
      entries.append(("sha256", .string(try ModelFile.sha256(ofFile: output))))
    }
    return .object(entries)
  }

  private func value(_ entry: Pipeline.Entry) -> JSONValue {
    func list(_ rows: [GraphChange.Row]) -> JSONValue {
      .array(rows.map { ["op": .string($0.kind), "count": .init($0.count)] })
    }
    return [
      "pass": .string(entry.pass), "graph": .string(entry.graph),
      "nodes_before": .init(entry.nodesBefore), "nodes_after": .init(entry.nodesAfter),
      "removed": list(entry.change.removed), "added": list(entry.change.added),
      "layers": .array(entry.change.layers.map { .string($0) }),
    ]
  }

  private func decibels(_ value: Double) -> JSONValue {
    value.isFinite ? rounded(value, 2) : .null
  }

  private func number(_ value: Float) -> JSONValue {
    value.isFinite ? .number(Double(value)) : .null
  }

  private func value(_ sensitivity: Sensitivity) -> JSONValue {
    .object([
      ("graph", .string(sensitivity.graph)), ("sqnr_db", decibels(sensitivity.sqnr)),
      ("loss", rounded(sensitivity.loss, 6)),
      ("mask_iou", sensitivity.accuracy.json),
      ("weights", .array(sensitivity.weights.map { .string($0) })),
    ])
  }

  private func value(_ decision: Decision) -> JSONValue {
    .object([
      ("name", .string(decision.weight)),
      ("shape", .array(decision.shape.dimensions.map { .integer(Int64($0)) })),
      ("from", .string(decision.from.name)), ("to", .string(decision.to.name)),
      ("scheme", .string(decision.scheme.rawValue)),
      ("range", .array([decision.range.lowerBound, decision.range.upperBound].map(number))),
      ("clip", decision.clip.map { rounded($0, 4) } ?? .null),
      ("sqnr_db", decision.sqnr.map(decibels) ?? .null),
      ("input_sqnr_db", decision.inputSQNR.map(decibels) ?? .null),
      ("smoothing", decision.smoothing.map { .number($0) } ?? .null),
      ("correction", decision.correction.map(number) ?? .null),
      ("zero_channels", JSONValue(decision.zeroChannels)),
      ("reason", decision.reason.map { .string($0) } ?? .null),
    ])
  }
}
