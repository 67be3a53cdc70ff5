import CLISupport
import JSON
import Passes
import Quantizer
import Tensors

/// The part of a file's provenance that the quantiser adds: what it read, which passes changed
/// something, and the recipe.
struct QuantizationHistory {
  let sourceHash: String
  let log: [Pipeline.Entry]
  let recipe: Recipe
  let decisions: [Quantizer.Decision]

  func added(to metadata: JSONValue) -> JSONValue {
    let passes: [JSONValue] = log.map { entry in
      .object([
        ("pass", .string(entry.pass)), ("graph", .string(entry.graph)),
        ("nodes_before", .integer(Int64(entry.nodesBefore))),
        ("nodes_after", .integer(Int64(entry.nodesAfter))),
      ])
    }
    let quantization: JSONValue = .object([
      ("tool", .string("sam2-quantize \(Tool.version)")),
      ("source_sha256", .string(sourceHash)),
      ("scheme", .string("dynamic w8a8: weights int8 per output channel, activations u8 per row")),
      ("calibration", .null),
      ("graphs", .array(recipe.graphs.sorted().map { .string($0) })),
      ("minimum_side", .integer(Int64(recipe.minimumSide))),
      ("keep_fp32", .array(recipe.keepFloat.map { .string($0) })),
      ("int8_weights", .integer(Int64(decisions.count { $0.to == .int8 }))),
      ("passes", .array(passes)),
    ])
    return .object((metadata.object ?? []) + [("quantization", quantization)])
  }
}
