internal import Graph

/// Attention between a few tokens and the many cells of an image, as one step: the building block of
/// SAM's two-way decoder (Kirillov et al., arXiv 2304.02643).
///
/// The projections of the cells are moved to the tokens' side, which has few rows. With q of a
/// token and head, q . (x Wk) = (Wk^T q) . x and sum p (x Wv) = (sum p x) Wv, exactly; biases of keys
/// add the same to all scores of a token and so vanish in the softmax, and weights sum to one. Each
/// cell is then read once, without an intermediate result of the same size.
enum TokenAttention {
  case tokensToImage(TokenToImageAttention)
  case imageToTokens(ImageToTokenAttention)
}

/// Sizes of attention between tokens and cells.
struct TokenSizes {
  let heads: Int
  /// Channels of a head.
  let headDepth: Int
  let tokens: Int
  let cells: Int
  /// Scores of a cell: one for each head of a token, padded to a multiple of the vector width.
  let columns: Int

  /// Cells that pass through a step's products at a time: with their scores they stay in L2.
  static let tileCells = 128
  /// Cells per task of tokens that attend to cells; fixed, so that results do not depend on
  /// threads.
  static let chunkCells = 512

  var chunks: Int { (cells + Self.chunkCells - 1) / Self.chunkCells }
  var tiles: Int { (cells + Self.tileCells - 1) / Self.tileCells }

  /// Nil when the kernels cannot lay heads out in vectors of `lanes`.
  init?(heads: Int, width: Int, tokens: Int, cells: Int, lanes: Int) {
    let (larger, smaller) = (max(heads, lanes), min(heads, lanes))
    guard heads > 0, tokens > 0, width % heads == 0, larger % smaller == 0,
      (larger / smaller).nonzeroBitCount == 1
    else { return nil }
    (self.heads, self.tokens, self.cells) = (heads, tokens, cells)
    headDepth = width / heads
    columns = aligned(heads * tokens, to: larger)
  }
}

/// How the rows of cells become keys, values or queries.
enum CellProjection {
  /// The rows are heads side by side already.
  case none
  case heads(PackedHeads)
}

/// Rows of cells that scores or sums are computed from: [1 or B, cells, depth].
struct CellRows {
  /// Position in the step's operands.
  let source: Int
  /// Position of what is added to each cell, [1 or B, cells, depth].
  var position: Int?
  let depth: Int
  /// The projection that is moved to the tokens' side.
  var projection: CellProjection
}

/// Tokens attend to cells: queries [B, tokens, heads * D] -> [B, tokens, heads * D].
struct TokenToImageAttention {
  let size: TokenSizes
  let scale: Float
  let keys: CellRows
  let values: CellRows
  /// Position of the projection's bias.
  var valueBias: Int?
}

/// Cells attend to tokens: keys and values [B, tokens, heads * D] -> [B, cells, C], through an
/// output projection, a sum and a LayerNorm.
struct ImageToTokenAttention {
  let size: TokenSizes
  let scale: Float
  let queries: CellRows
  /// Positions in the step's operands, as all of these.
  var queryBias: Int?
  let keys: Int
  let values: Int
  let output: PackedHeads
  var outputBias: Int?
  var residual: Int?
  var norm: RowChain.Norm?
}
