/// Decisions of a generator: those of a seed, or those that a fuzzer wrote down as bytes.
///
/// A fuzzer's bytes mean the same decisions as long as what is before them stays, and after the last
/// byte each decision is the first of its kind.
public struct Choices {
  private enum Source {
    case seed(SeededRandom)
    case bytes([UInt8], position: Int)
  }

  private var source: Source

  /// Prints nothing: there may be thousands, each with a seed that follows from the first.
  public init(seed: UInt64) { source = .seed(SeededRandom(quietly: seed)) }

  public init(bytes: [UInt8]) { source = .bytes(bytes, position: 0) }

  /// Whether a fuzzer has written down nothing more.
  public var isAtEnd: Bool {
    if case .bytes(let bytes, let position) = source { position >= bytes.count } else { false }
  }

  /// A number below `count`, which must be positive.
  public mutating func below(_ count: Int) -> Int {
    count <= 1 ? 0 : Int(next(wide: count > 256) % UInt64(count))
  }

  /// True in about `percent` of a hundred cases; false after the last byte.
  public mutating func chance(_ percent: Int) -> Bool { below(100) >= 100 - percent }

  public mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[below(elements.count)]
  }

  /// A seed for numbers that nobody decides one by one.
  public mutating func seed() -> UInt64 { next(wide: true) }

  private mutating func next(wide: Bool) -> UInt64 {
    switch source {
    case .seed(var random):
      defer { source = .seed(random) }
      return random.next() >> 16
    case .bytes(let bytes, let position):
      let end = min(bytes.count, position + (wide ? 2 : 1))
      source = .bytes(bytes, position: end)
      return bytes[min(position, end)..<end].reduce(0) { $0 << 8 | UInt64($1) }
    }
  }
}
