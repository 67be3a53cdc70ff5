import JobSupport

/// A part of a batch: the items at `index * n / count ..< (index + 1) * n / count` of n.
///
/// Neighbours stay together, so that the results of all shards, one after the other, are those of
/// the whole.
public struct Shard: Equatable, Sendable {
  public let index: Int
  public let count: Int

  /// Part `index` of `count`; nil unless it is one of them.
  public init?(index: Int, count: Int) {
    guard (1...Shard.maximumCount).contains(count), (0..<count).contains(index) else { return nil }
    self.index = index
    self.count = count
  }

  static let maximumCount = 1_000_000

  /// The positions of this shard's items among `itemCount`.
  func range(of itemCount: Int) -> Range<Int> {
    Shard.boundary(index, count, itemCount)..<Shard.boundary(index + 1, count, itemCount)
  }

  /// index * items / count, whose product may need more than 64 bits.
  private static func boundary(_ index: Int, _ count: Int, _ items: Int) -> Int {
    let product = index.multipliedFullWidth(by: items)
    return count.dividingFullWidth(product).quotient
  }

  /// "00003-of-00100": as a part of file names, which sort in the order of the shards.
  var name: String { "\(fiveDigits(index))-of-\(fiveDigits(count))" }
}
