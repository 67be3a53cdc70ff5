import CLISupport
import Graph
import JSON
import ModelFile
import Quantizer
import Tensors

/// What a run did, for the person and for scripts.
struct QuantizationReport {
  let input: String
  let output: String?
  let source: Model
  let result: QuantizationResult
  let written: ModelFile.WrittenFile?

  private var quantized: [Quantizer.Decision] { result.decisions.filter { $0.to == .int8 } }

  func print(json: Bool, _ common: CommonOptions) {
    if json {
      Console.data(value.text(.pretty))
      return
    }
    for decision in result.decisions { common.detail(line(decision)) }
    let linear = quantized.count + result.decisions.count { $0.reason != nil }
    common.note("\(quantized.count) of \(linear) products in int8; the rest stays in float")
    if let worst = quantized.min(by: { ($0.sqnr ?? 0) < ($1.sqnr ?? 0) }) {
      common.note("least exact weight: \(worst.weight), \(fixed(worst.sqnr ?? 0, 1)) dB")
    }
    let before = source.weights.byteCount
    let after = result.model.weights.byteCount
    let share = fixed(100 * Double(after) / Double(max(1, before)), 1)
    common.note(
      "weights \(readable(byteCount: before)) -> \(readable(byteCount: after)) (\(share) %)")
    common.note("no calibration pictures were given: the cost in mask IoU was not measured")
    if let output, let written {
      common.note("\(output): \(readable(byteCount: written.byteCount))")
    }
  }

  private func line(_ decision: Quantizer.Decision) -> String {
    var text = "\(decision.weight) \(decision.shape): \(decision.from.name) -> \(decision.to.name)"
    if let sqnr = decision.sqnr { text += ", \(fixed(sqnr, 1)) dB" }
    if let reason = decision.reason { text += ", \(reason)" }
    return text
  }

  private var value: JSONValue {
    var entries: [(key: String, value: JSONValue)] = [
      ("input", .string(input)),
      ("weight_bytes_before", .integer(Int64(source.weights.byteCount))),
      ("weight_bytes_after", .integer(Int64(result.model.weights.byteCount))),
      ("int8_weights", .integer(Int64(quantized.count))),
      ("weights", .array(result.decisions.map(value))),
    ]
    if let output, let written {
      entries.append(("output", .string(output)))
      entries.append(("output_bytes", .integer(Int64(written.byteCount))))
      entries.append(("sha256", .string(written.sha256)))
    }
    return .object(entries)
  }

  private func value(_ decision: Quantizer.Decision) -> JSONValue {
    .object([
      ("name", .string(decision.weight)),
      ("shape", .array(decision.shape.dimensions.map { .integer(Int64($0)) })),
      ("from", .string(decision.from.name)), ("to", .string(decision.to.name)),
      ("sqnr_db", decision.sqnr.map { $0.isFinite ? .number($0) : .null } ?? .null),
      ("reason", decision.reason.map { .string($0) } ?? .null),
    ])
  }
}
