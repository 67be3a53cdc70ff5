internal import Graph

/// Attention between tokens and cells found in a graph: what it absorbs, and where it ends.
struct TokenAttentionPattern {
  /// An operand of the attention: rows of a source, perhaps with positions, perhaps projected.
  struct Projected {
    var source: ValueID
    var position: ValueID?
    /// Positions in the graph of the product and of the sum before it.
    var product: Int?
    var sum: Int?
  }

  let size: TokenSizes
  let scale: Float
  let attention: Int
  /// Keys and values of tokens that attend to the image, or queries of the image.
  var cells: [Projected]
  /// Product after the attention; only attention to tokens has it, and what follows.
  var output: Int?
  var residual: ValueID?
  var norm: Int?
  /// Node whose result the step writes; the step runs in its place.
  var end: Int
  /// Absorbed nodes.
  var absorbed: [Int]
}
