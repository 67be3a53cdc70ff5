/// The tokens in which one frame is remembered, in the order in which they are stored.
///
/// Memory attention reads several such memories and then pointers. Tokens that have a place in the
/// image come first, so that attention can rotate a prefix of each memory.
public struct MemoryTokens: Sendable, Equatable {
  /// Tokens of one memory.
  public var count: Int
  /// Tokens at the start of a memory whose keys are rotated by their place; the others have none.
  public var rotatedCount: Int
  /// Side of the square grid, row by row, in which the rotated tokens have their places.
  public var gridSide: Int

  /// Whether every token has a place.
  public var areAllRotated: Bool { rotatedCount == count }
}
