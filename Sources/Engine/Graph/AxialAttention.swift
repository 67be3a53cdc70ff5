internal import Bytes

/// Attention to unprojected tokens: each query is pulled back through the key projection instead.
///
/// This happens once for every row and column of the grid, because each axis rotates its own
/// channels. Keys are rows of `linear` applied to the tokens. The first `rotated` of them, frame
/// after frame of `height` x `width` cells, are rotated as by `rotatePairs` with the `rotaryTable`
/// of the grid and `theta`.
public struct AxialAttention: Hashable, Sendable {
  public var scale: Float
  public var height: Int
  public var width: Int
  public var theta: Float
  /// Number of tokens that have a place on the grid: whole frames.
  public var rotated: Dim
  public var hasBias: Bool

  public init(
    scale: Float, height: Int, width: Int, theta: Float, rotated: Dim, hasBias: Bool
  ) {
    self.scale = scale
    self.height = height
    self.width = width
    self.theta = theta
    self.rotated = rotated
    self.hasBias = hasBias
  }
}

extension Op {
  func axialAttentionShape(_ s: [[Dim]], _ p: AxialAttention) throws(Failure) -> [Dim] {
    try require(s[0...2].allSatisfy { $0.count == 3 }, "operands must have 3 axes", s)
    let (query, tokens, value) = (s[0], s[1], s[2])
    try require(
      query[0] == tokens[0] && tokens[0] == value[0] && tokens[1] == value[1],
      "query, tokens and value do not fit each other", s)
    try require(
      s[3].count >= 2 && s[3].dropFirst(2).allSatisfy { $0 == 1 }
        && s[3][0] == query[2] && s[3][1] == tokens[2], "weight must be [D, C]", s)
    try require(s[4] == [query[2]], "the scale must have one value per channel of a key", s)
    if p.hasBias {
      try require(s[5] == [query[2]], "the bias must have one value per channel of a key", s)
    }
    guard let depth = query[2].fixed, let channels = tokens[2].fixed, depth > 0, channels > 0,
      depth % 32 == 0, channels % 16 == 0
    else { throw fail("D must be a multiple of 32 and C of 16", s) }
    try require(p.height > 0 && p.width > 0, "the grid must not be empty", s)
    try requireNoneEmpty(s[0...2], s)
    // Computed when the model is loaded, whatever the weight's size in the file.
    let projection = (p.height + p.width) * (channels + 1)
    try require(
      depth <= Graph.Limit.size && projection <= Graph.Limit.projection / depth,
      "the rotated weight is too large", s)
    try require(p.theta > 0 && p.theta.isFinite, "theta must be positive and finite", s)
    if let rotated = p.rotated.fixed {
      try require(
        rotated >= 0 && rotated % (p.height * p.width) == 0,
        "\(rotated) is not a whole number of frames", s)
      try require(
        rotated <= tokens[1].fixed ?? rotated, "more tokens are rotated than there are", s)
    }
    return [query[0], query[1], value[2]]
  }
}
