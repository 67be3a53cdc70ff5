/// Names that tensors have elsewhere, and their official names.
struct NameRules: Sendable {
  /// A name used elsewhere, and the official one.
  ///
  /// `#` represents a number, the same on both sides; a rule that ends in `@` applies to `weight`
  /// and `bias`.
  struct Rule: Sendable {
    let theirs: String
    let official: String
    /// The official number is `factor * number + offset`.
    var factor = 1
    var offset = 0
  }

  private let byPattern: [String: Rule]

  init(_ rules: [Rule]) {
    var table: [String: Rule] = [:]
    for rule in rules { table[rule.theirs] = rule }
    byPattern = table
  }

  /// The official name for one of theirs; nil when no rule applies.
  func official(_ name: String) -> String? {
    var parts = name.split(separator: ".", omittingEmptySubsequences: false)
    var tail: Substring?
    if let last = parts.last, last == "weight" || last == "bias" {
      tail = last
      parts[parts.count - 1] = "@"
    }
    if let rule = byPattern[parts.joined(separator: ".")] {
      return NameRules.apply(rule, number: nil, tail)
    }
    // No rule has two numbers that vary: it is always the first number in the name.
    for (index, part) in parts.enumerated() {
      guard let number = canonicalNumber(part) else { continue }
      parts[index] = "#"
      return byPattern[parts.joined(separator: ".")].map {
        NameRules.apply($0, number: number, tail)
      }
    }
    return nil
  }

  private static func apply(_ rule: Rule, number: Int?, _ tail: Substring?) -> String {
    var name = ""
    for character in rule.official {
      switch character {
      case "@": name += tail ?? "@"
      case "#": name += number.map { String(rule.factor * $0 + rule.offset) } ?? "#"
      default: name.append(character)
      }
    }
    return name
  }

  // MARK: - Writing rules

  typealias Parts = [(theirs: String, official: String)]

  /// Modules with a weight and a bias inside a module.
  static func inside(_ theirs: String, _ official: String, _ parts: Parts) -> [Rule] {
    parts.map { part in
      Rule(theirs: "\(theirs).\(part.theirs).@", official: "\(official).\(part.official).@")
    }
  }
}

/// The number that `text` spells as programs print it; nil for any other text and for numbers that
/// cannot count anything in a model.
func canonicalNumber(_ text: some StringProtocol) -> Int? {
  guard let number = Int(text), String(number) == text, (0..<10_000).contains(number) else {
    return nil
  }
  return number
}
