/// The tokens that hold the memory of one frame, in the order in which they are stored.
///
/// Memory attention reads several such memories and then pointers. Tokens that have a place in the
/// image come first, so that attention can rotate a prefix of each memory.
public struct MemoryTokens: Sendable, Equatable {
  /// Number of tokens in one memory.
  public var count: Int
  /// Number of tokens at the start of a memory whose keys are rotated by their place; the others
  /// have no place.
  public var rotatedCount: Int
  /// Side of the square grid in which the rotated tokens have their places, row by row.
  public var gridSide: Int

  /// Whether every token has a place.
  public var areAllRotated: Bool { rotatedCount == count }
}
