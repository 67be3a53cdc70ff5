/// Attention as one step: where its keys come from is all that its forms differ in.
struct AttentionStep {
  enum Arithmetic {
    case float
    /// Queries, keys, weights and values rounded on the fly (`Formats/quantization.md`).
    case int8
  }

  let arithmetic: Arithmetic
  let heads: Int
  let scale: Float
  let keys: KeySource
}

/// Source of the keys of an attention.
enum KeySource {
  /// Operands 0, 1 and 2 are queries, keys and values.
  case rows
  /// A row chain computes the keys tile by tile from operand 0.
  case chain(ComputedKeys)
  /// A row chain computes queries, keys and values of some windows of the map in operand 0, and
  /// another takes the result back to the map.
  case windows(WindowAttention)
  /// Rounded tokens of a grid, whose keys are never computed: operand 0 has the queries, operand 1
  /// the result of a `TokenRounding`.
  case tokens(AxialKeys)
}
