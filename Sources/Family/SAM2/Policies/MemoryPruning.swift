import Tensors

/// Leaves out memories that are redundant given the newest one.
///
/// This is the efficient frame pruning of SurgSAM2, by Liu and others, 2024. A full bank loses the
/// two memories that are most similar to the newest one. The first memory (of an annotated frame)
/// and the newest one stay, and all that remain keep their temporal codes.
enum MemoryPruning {
  /// Number of memories that a full bank loses.
  static let count = 2

  /// Positions of the memories [h * w, Cm] to leave out, ascending; none if there are fewer than
  /// `bankSize`, or too few others to leave out.
  static func redundant(among memories: [Tensor], bankSize: Int) -> [Int] {
    guard memories.count >= bankSize, memories.count >= count + 2, let newest = memories.last else {
      return []
    }
    let middle = 1..<(memories.count - 1)
    let channels = newest.shape.dimensions.last ?? 1
    let last = newest.floats()
    let similarities = middle.map { similarity(memories[$0].floats(), last, channels: channels) }
    // Of equally similar memories, the older ones are left out.
    return zip(middle, similarities).sorted { ($1.1, $0.0) < ($0.1, $1.0) }
      .prefix(count).map(\.0).sorted()
  }

  /// Sum over positions of the cosine between the channels of two memories [h * w, channels].
  static func similarity(_ left: [Float], _ right: [Float], channels: Int) -> Float {
    var sum: Float = 0
    let end = min(left.count, right.count) - channels
    for start in stride(from: 0, through: end, by: max(1, channels)) {
      var (product, leftSquares, rightSquares) = (Float(0), Float(0), Float(0))
      for i in start..<(start + channels) {
        product += left[i] * right[i]
        leftSquares += left[i] * left[i]
        rightSquares += right[i] * right[i]
      }
      let sizes = leftSquares.squareRoot() * rightSquares.squareRoot()
      sum += product / max(sizes, smallestSize)
    }
    return sum
  }

  /// Avoids a division by zero for a memory of all zeros.
  private static let smallestSize: Float = 1e-8
}
