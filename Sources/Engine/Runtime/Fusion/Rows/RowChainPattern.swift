internal import Graph

/// A row chain found in a graph: what it absorbs, and where it ends.
struct RowChainPattern {
  /// Source of the rows.
  var source: ValueID
  /// Position of the LayerNorm, if the chain starts with it.
  var norm: Int?
  var windows: WindowRows?
  /// Positions of the products and the activations that follow them.
  var products: [(node: Int, activation: Activation)]
  var residual: ValueID?
  var pool: RowChain.Pool?
  /// Position of the rotation at the end.
  var rotation: Int?
  /// Node whose result the chain writes; the chain runs in its place.
  var end: Int
  /// Absorbed nodes; the norm is not included.
  var absorbed: [Int]

  /// All absorbed nodes; chains that read the same norm share it.
  var allAbsorbed: [Int] { absorbed + (norm.map { [$0] } ?? []) }
}
