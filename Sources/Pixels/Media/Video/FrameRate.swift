/// Frames per second as a fraction, since common rates are not whole numbers.
public struct FrameRate: Sendable, Hashable {
  public let numerator: Int
  public let denominator: Int

  /// Both parts must be positive.
  public init(_ numerator: Int, _ denominator: Int = 1) {
    precondition(numerator > 0 && denominator > 0)
    self.numerator = numerator
    self.denominator = denominator
  }

  /// Parses `30000/1001`; nil for `0/0` and the like.
  init?(parsing text: String) {
    let parts = text.split(separator: "/")
    guard parts.count == 2, let numerator = Int(parts[0]), let denominator = Int(parts[1]),
      numerator > 0, denominator > 0
    else { return nil }
    self.init(numerator, denominator)
  }

  public var framesPerSecond: Double { Double(numerator) / Double(denominator) }
}
