import JobSupport

/// A part of a batch: of n items, those at `index * n / count ..< (index + 1) * n / count`.
///
/// Neighbours stay together, so that the concatenated results of all shards equal those of the
/// whole.
public struct Shard: Equatable, Sendable {
  public let index: Int
  public let count: Int

  /// Part `index` of `count`, or nil if there is no such part.
  public init?(index: Int, count: Int) {
    guard (1...Shard.maximumCount).contains(count), (0..<count).contains(index) else { return nil }
    self.index = index
    self.count = count
  }

  static let maximumCount = 1_000_000

  /// The positions of this shard's items, out of `itemCount`.
  func range(of itemCount: Int) -> Range<Int> {
    Shard.boundary(index, count, itemCount)..<Shard.boundary(index + 1, count, itemCount)
  }

  /// index * items / count; the product may need more than 64 bits.
  private static func boundary(_ index: Int, _ count: Int, _ items: Int) -> Int {
    let product = index.multipliedFullWidth(by: items)
    return count.dividingFullWidth(product).quotient
  }

  /// "00003-of-00100": the part used in file names, which sort in shard order.
  var name: String { "\(fiveDigits(index))-of-\(fiveDigits(count))" }
}
