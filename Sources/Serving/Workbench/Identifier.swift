/// Names of sessions and jobs.
enum Identifier {
  /// 32 random hexadecimal digits, which cannot be guessed.
  static func new() -> String {
    var random = SystemRandomNumberGenerator()
    return hexadecimal((0..<16).map { _ in UInt8.random(in: 0...255, using: &random) })
  }

  /// Whether `text` could be an identifier.
  static func isPossible(_ text: String) -> Bool {
    text.utf8.count == 32
      && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
  }
}
