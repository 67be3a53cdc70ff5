import CLISupport
import Calibration
import Comparison
import JSON
import Passes
import QuantizationReport
import Quantizer

/// The part of a file's provenance that this command adds: its input, the passes that changed
/// something, the recipe, and what calibration saw and measured.
struct QuantizationHistory {
  let result: QuantizationResult

  private static let (optimizationKey, quantizationKey) = ("optimization", "quantization")

  /// `metadata` with a member `quantization`, or `optimization` if nothing was rounded; an earlier
  /// member of that name is kept as its member `previous`.
  func added(to metadata: JSONValue) -> JSONValue {
    let key = result.recipe == nil ? Self.optimizationKey : Self.quantizationKey
    var members: [(key: String, value: JSONValue)] = [
      ("tool", .string("sam2-quantize \(Tool.version)")),
      ("source_sha256", .string(result.sourceHash)),
      ("passes", .array(result.log.map(Self.value))),
    ]
    if let recipe = result.recipe { members += quantization(recipe) }
    if let previous = metadata[key] { members.append(("previous", previous)) }
    let others = (metadata.object ?? []).filter { $0.key != key }
    return .object(others + [(key, .object(members))])
  }

  /// The same for a detector: the inputs it was run on, and how well its boxes agree.
  func added(
    to metadata: JSONValue, detector: CalibratedDetector, agreement: DetectorAgreement?
  ) -> JSONValue {
    let added = added(to: metadata)
    let members = (added[Self.quantizationKey]?.object ?? []).filter { $0.key != "calibration" }
    let looked = detector.looked
    let calibration: JSONValue = [
      "sources": .array(looked.sources.map(\.json)), "skipped": .init(looked.skipped.count),
      "measured_on_held_out": .bool(looked.keepsSome),
    ]
    let more: [(key: String, value: JSONValue)] = [
      ("calibration", looked.sources.isEmpty ? .null : calibration),
      ("agreement", agreement?.json ?? .null),
    ]
    return .object(
      (added.object ?? []).map { key, value in
        (key, key == Self.quantizationKey ? .object(members + more) : value)
      })
  }

  private func quantization(_ recipe: Recipe) -> [(key: String, value: JSONValue)] {
    let decisions = result.decisions
    return [
      ("scheme", .string(recipe.scheme)), ("recipe", recipe.json),
      ("int8_weights", JSONValue(decisions.count { $0.scheme == .int8 })),
      ("stored_int8_weights", JSONValue(decisions.count { $0.scheme == .stored8 })),
      ("smoothed_weights", JSONValue(decisions.count { $0.smoothing != nil })),
      ("equalisation", result.equalisation?.json ?? .null),
      ("corrected_biases", JSONValue(decisions.count { $0.correction != nil })),
      ("calibration", result.calibrated?.provenance ?? .null),
    ]
  }

  private static func value(_ entry: Pipeline.Entry) -> JSONValue {
    .object([
      ("pass", .string(entry.pass)), ("graph", .string(entry.graph)),
      ("nodes_before", JSONValue(entry.nodesBefore)),
      ("nodes_after", JSONValue(entry.nodesAfter)),
    ])
  }
}

extension Recipe {
  /// The rounded parts, on one line.
  var scheme: String {
    graphs.isEmpty
      ? "w8: weights int8 per output channel, arithmetic float32"
      : "w8a8: weights int8 per output channel, activations u8 per row while it runs"
  }

  /// The rules and steps, as recorded in the file.
  var json: JSONValue {
    .object([
      ("graphs", .array(graphs.sorted().map { .string($0) })),
      ("attention_graphs", .array(attentionGraphs.sorted().map { .string($0) })),
      ("uneven_graphs_in_float", .array(floatUnnormalizedGraphs.sorted().map { .string($0) })),
      ("minimum_side", JSONValue(minimumSide)),
      ("minimum_keys", JSONValue(minimumKeys)),
      ("minimum_stored_elements", JSONValue(minimumStoredElements)),
      ("keep_fp32", .array(keepFloat.map { .string($0) })),
      ("steps", .array(steps.map(\.rawValue).sorted().map { .string($0) })),
    ])
  }
}

extension Equalised {
  /// The means by which channel sizes were evened out, and where.
  var json: JSONValue {
    var members: [(key: String, value: JSONValue)] = [("by", .string(name))]
    if case .scenes(let scenes) = basis {
      members += [
        ("picture_seeds", .array(scenes.pictures.map { .integer(Int64($0)) })),
        ("clip_seed", scenes.clip.map { .integer(Int64($0)) } ?? .null),
        ("clip_frames", JSONValue(scenes.clip == nil ? 0 : scenes.frameCount)),
      ]
    }
    members.append(("balanced_attention", .array(balancedAttention.map { .string($0) })))
    return .object(members)
  }

  private var name: String {
    switch basis {
    case .inputs: "inputs"
    case .scenes: "scenes"
    case .weights: "weights"
    }
  }

  /// The same as one line for people.
  var sentence: String {
    let what =
      "\(smoothedWeights) products and \(balancedAttention.count) attention layers evened out"
    switch basis {
    case .inputs: return "\(what) by what calibration saw"
    case .weights: return "\(what) by norms and weights"
    case .scenes(let scenes):
      let clip = scenes.clip == nil ? "" : " and \(scenes.frameCount) frames"
      return "\(what), watched on \(scenes.pictures.count) drawn pictures\(clip)"
    }
  }
}

extension CalibratedModel {
  /// Metadata for readers of the file: the calibration inputs and the accuracy.
  var provenance: JSONValue {
    .object([
      (
        "sources",
        .array(sources.map(\.json))
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

extension CalibratedModel.Source {
  fileprivate var json: JSONValue {
    [
      "name": .string(name), "kind": .string(kind.rawValue), "sha256": .string(sha256),
      "held_out": .bool(isHeldOut),
    ]
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
