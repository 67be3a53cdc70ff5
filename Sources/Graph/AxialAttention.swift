/// Attention to tokens whose keys are not made: each axis of the grid turns channels of its own, so
/// that a query is taken back through the projection once for every row and column.
///
/// Keys are rows of `linear` of the tokens. The first `rotated` of them, frame after frame of
/// `height` x `width` cells, turn like `rotatePairs` by the `rotaryTable` of the grid and `theta`.
public struct AxialAttention: Hashable, Sendable {
  public var scale: Float
  public var height: Int
  public var width: Int
  public var theta: Float
  /// Tokens that have a place on the grid: whole frames.
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
