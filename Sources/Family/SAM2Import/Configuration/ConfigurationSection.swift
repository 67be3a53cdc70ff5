import Bytes
import JSON

/// One mapping in an official configuration file, which records which of its keys were read.
///
/// A key that was never read is an error: it would change the reference's model but not this one.
struct ConfigurationSection {
  let path: String
  private let members: [(key: String, value: JSONValue)]
  private var seen: Set<String> = []

  init(_ path: String, _ value: JSONValue) throws(Failure) {
    guard let members = value.object else {
      throw Failure(
        .badInput, code: "config.value", "\(path) must be a mapping, not \(value.kindName)")
    }
    self.path = path
    self.members = members
  }

  /// The value of `key`; nil when absent.
  mutating func value(_ key: String) -> JSONValue? {
    seen.insert(key)
    return members.first { $0.key == key }?.value
  }

  /// The mapping at `key`, whose `_target_` must be a class with one of these names.
  mutating func section(
    _ key: String, target classes: String...
  ) throws(Failure) -> ConfigurationSection {
    try section(key, oneOf: classes).section
  }

  /// The mapping at `key`, and which of these classes its `_target_` is.
  mutating func section(
    _ key: String, oneOf classes: [String]
  ) throws(Failure) -> (section: ConfigurationSection, index: Int) {
    guard let value = value(key) else {
      throw Failure(.badInput, code: "config.value", "\(path).\(key) is missing")
    }
    var section = try ConfigurationSection("\(path).\(key)", value)
    let index = try section.requireTarget(classes)
    return (section, index)
  }

  /// - Returns: The index of the class that `_target_` names.
  @discardableResult
  mutating func requireTarget(_ classes: [String]) throws(Failure) -> Int {
    let target = try text("_target_", "")
    let name = target.split(separator: ".").last.map(String.init) ?? ""
    guard let index = classes.firstIndex(of: name) else {
      throw Failure(
        .badInput, code: "config.unsupported",
        "\(path)._target_ is \"\(printable(target))\", not a \(classes.joined(separator: " or "))")
    }
    return index
  }

  // MARK: - Values, with the reference's default for an absent key

  mutating func count(_ key: String, _ initial: Int) throws(Failure) -> Int {
    try typed(key, initial, "an integer", \.int)
  }

  mutating func number(_ key: String, _ initial: Double) throws(Failure) -> Double {
    try typed(key, initial, "a number", \.double)
  }

  mutating func flag(_ key: String, _ initial: Bool) throws(Failure) -> Bool {
    try typed(key, initial, "true or false", \.bool)
  }

  mutating func text(_ key: String, _ initial: String) throws(Failure) -> String {
    try typed(key, initial, "a string", \.string)
  }

  mutating func counts(_ key: String, _ initial: [Int]) throws(Failure) -> [Int] {
    try typed(key, initial, "a list of integers") { value in
      guard let elements = value.array else { return nil }
      let counts = elements.compactMap(\.int)
      return counts.count == elements.count ? counts : nil
    }
  }

  private mutating func typed<Value>(
    _ key: String, _ initial: Value, _ expected: String, _ convert: (JSONValue) -> Value?
  ) throws(Failure) -> Value {
    guard let value = value(key) else { return initial }
    guard let converted = convert(value) else {
      let found = value.string.map { "\"\(printable($0))\"" } ?? value.kindName
      throw Failure(
        .badInput, code: "config.value", "\(path).\(key) must be \(expected), not \(found)")
    }
    return converted
  }

  // MARK: - Keys without a choice

  /// Requires the value that the graphs are written for; an absent key is checked as `initial`.
  mutating func require(
    _ key: String, _ value: JSONValue, initial: JSONValue
  ) throws(Failure) {
    let found = self.value(key) ?? initial
    let isEqual = found == value || found.double != nil && found.double == value.double
    guard isEqual else {
      throw Failure(
        .badInput, code: "config.unsupported", "this value of \(path).\(key) is not supported")
    }
  }

  /// Requires a width to agree with the others in the file.
  mutating func requireWidth(_ key: String, _ width: Int, initial: Int) throws(Failure) {
    let found = try count(key, initial)
    guard found == width else {
      throw Failure(
        .badInput, code: "config.mismatch",
        "\(path).\(key) is \(found), but the rest of the configuration makes it \(width)")
    }
  }

  /// Ignores keys that cannot change what the model computes.
  mutating func ignore(_ keys: String...) { seen.formUnion(keys) }

  /// Ignores keys that the user is to be notified of.
  /// - Returns: The keys that are present.
  mutating func leaveOut(_ keys: [String]) -> [String] {
    seen.formUnion(keys)
    return members.map(\.key).filter(keys.contains)
  }

  /// - Throws: `config.unknown` for the first key that was not read.
  func finish() throws(Failure) {
    for (key, _) in members where !seen.contains(key) {
      throw Failure(
        .badInput, code: "config.unknown", "unknown key \(path).\(printable(key))")
    }
  }
}
