import CLISupport
import Calibration
import JSON
import Passes
import Quantizer

/// The part of a file's provenance that the quantiser adds: what it read, which passes changed
/// something, the recipe, and what calibration saw and measured.
struct QuantizationHistory {
  let sourceHash: String
  let log: [Pipeline.Entry]
  let recipe: Recipe
  let decisions: [Decision]
  let calibrated: CalibratedModel?

  func added(to metadata: JSONValue) -> JSONValue {
    let passes: [JSONValue] = log.map { entry in
      .object([
        ("pass", .string(entry.pass)), ("graph", .string(entry.graph)),
        ("nodes_before", JSONValue(entry.nodesBefore)),
        ("nodes_after", JSONValue(entry.nodesAfter)),
      ])
    }
    let quantization: JSONValue = .object([
      ("tool", .string("sam2-quantize \(Tool.version)")),
      ("source_sha256", .string(sourceHash)),
      (
        "scheme",
        .string("w8a8: weights int8 per output channel, activations u8 per row while it runs")
      ),
      ("recipe", recipe.json),
      ("int8_weights", JSONValue(decisions.count { $0.scheme == .int8 })),
      ("stored_int8_weights", JSONValue(decisions.count { $0.scheme == .stored8 })),
      ("smoothed_weights", JSONValue(decisions.count { $0.smoothing != nil })),
      ("corrected_biases", JSONValue(decisions.count { $0.correction != nil })),
      ("calibration", calibrated?.provenance ?? .null),
      ("passes", .array(passes)),
    ])
    return .object((metadata.object ?? []) + [("quantization", quantization)])
  }
}

extension Recipe {
  /// The rules and steps, as they go into the file.
  var json: JSONValue {
    .object([
      ("graphs", .array(graphs.sorted().map { .string($0) })),
      ("attention_graphs", .array(attentionGraphs.sorted().map { .string($0) })),
      ("minimum_side", JSONValue(minimumSide)),
      ("minimum_keys", JSONValue(minimumKeys)),
      ("minimum_stored_elements", JSONValue(minimumStoredElements)),
      ("keep_fp32", .array(keepFloat.map { .string($0) })),
      ("steps", .array(steps.map(\.rawValue).sorted().map { .string($0) })),
    ])
  }
}

extension CalibratedModel {
  /// What a reader of the file wants to know: what was looked at, and how well it does.
  var provenance: JSONValue {
    .object([
      (
        "sources",
        .array(
          sources.map { source in
            .object([
              ("name", .string(source.name)), ("kind", .string(source.kind.rawValue)),
              ("sha256", .string(source.sha256)), ("held_out", .bool(source.isHeldOut)),
            ])
          })
      ),
      ("skipped", JSONValue(skipped.count)),
      ("measured_on_held_out", .bool(isHeldOut)),
      ("mask_iou", accuracy.json),
      ("mask_iou_all_int8", fallback.isEmpty ? .null : accuracyWithoutFallback.json),
      ("returned_to_float", .array(fallback.map { .string($0) })),
      (
        "signal_db",
        .array(
          signals.map { signal in
            .object([
              ("graph", .string(signal.graph)), ("output", .string(signal.output)),
              ("sqnr", signal.sqnr.isFinite ? rounded(signal.sqnr, 2) : .null),
            ])
          })
      ),
    ])
  }
}

extension Accuracy {
  var json: JSONValue {
    func row(ofClips: Bool) -> JSONValue {
      guard let mean = ofClips ? clips : pictures else { return .null }
      return .object([
        ("masks", JSONValue(ious(ofClips: ofClips).count)), ("mean", rounded(mean, 5)),
        ("percentile_5", percentile(0.05, ofClips: ofClips).map { rounded($0, 5) } ?? .null),
        ("least", percentile(0, ofClips: ofClips).map { rounded($0, 5) } ?? .null),
      ])
    }
    return .object([("pictures", row(ofClips: false)), ("clips", row(ofClips: true))])
  }
}

/// A figure for people: more digits would be noise.
func rounded(_ value: Double, _ digits: Int) -> JSONValue {
  var scale = 1.0
  for _ in 0..<digits { scale *= 10 }
  return .number((value * scale).rounded() / scale)
}
