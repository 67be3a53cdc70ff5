import JSON

/// One entry of a configuration under its name in files: the reference's name where it has one.
struct ConfigurationField<Root: Sendable>: Sendable {
  let key: String
  /// Kind of value, for messages.
  let expected: String
  /// The value implied by files without the entry; nil when all files have it.
  var absent: JSONValue?
  let read: @Sendable (Root) -> JSONValue
  /// Returns false when the value is of the wrong kind.
  let write: @Sendable (inout Root, JSONValue) -> Bool

  typealias Path<Value> = any WritableKeyPath<Root, Value> & Sendable

  init(
    _ key: String, _ expected: String, read: @escaping @Sendable (Root) -> JSONValue,
    write: @escaping @Sendable (inout Root, JSONValue) -> Bool
  ) {
    self.key = key
    self.expected = expected
    self.read = read
    self.write = write
  }

  private init<Value>(
    _ key: String, _ path: Path<Value>, _ expected: String,
    encode: @escaping @Sendable (Value) -> JSONValue,
    decode: @escaping @Sendable (JSONValue) -> Value?
  ) {
    self.init(
      key, expected, read: { encode($0[keyPath: path]) },
      write: { root, value in
        guard let decoded = decode(value) else { return false }
        root[keyPath: path] = decoded
        return true
      })
  }

  /// The entry of an optional part of a configuration: while the part is absent, the entry reads as
  /// null and takes no value.
  init<Part>(
    part field: ConfigurationField<Part>,
    get: @escaping @Sendable (Root) -> Part?,
    set: @escaping @Sendable (inout Root, Part) -> Void
  ) {
    self.init(
      field.key, field.expected, read: { get($0).map(field.read) ?? .null },
      write: { root, value in
        guard var part = get(root), field.write(&part, value) else { return false }
        set(&root, part)
        return true
      })
  }

  static func flag(_ key: String, _ path: Path<Bool>) -> Self {
    Self(key, path, "true or false", encode: { .bool($0) }, decode: { $0.bool })
  }

  /// A flag that older files lack, and that files leave out when it is false.
  static func optionalFlag(_ key: String, _ path: Path<Bool>) -> Self {
    var field = flag(key, path)
    field.absent = false
    return field
  }

  static func text(_ key: String, _ path: Path<String>) -> Self {
    Self(key, path, "a string", encode: { .string($0) }, decode: { $0.string })
  }

  /// One choice from a closed list, by its raw value.
  static func choice<Choice: RawRepresentable & CaseIterable & Sendable>(
    _ key: String, _ path: Path<Choice>
  ) -> Self where Choice.RawValue == String {
    let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
    return Self(
      key, path, "one of \(names)", encode: { .string($0.rawValue) },
      decode: { $0.string.flatMap { Choice(rawValue: $0) } })
  }

  static func count(_ key: String, _ path: Path<Int>) -> Self {
    Self(key, path, "an integer", encode: { JSONValue($0) }, decode: { $0.int })
  }

  static func number(_ key: String, _ path: Path<Double>) -> Self {
    Self(key, path, "a number", encode: { JSONValue($0) }, decode: { $0.double })
  }

  static func counts(_ key: String, _ path: Path<[Int]>) -> Self {
    Self(
      key, path, "a list of integers", encode: { .array($0.map { JSONValue($0) }) },
      decode: { all($0, \.int) })
  }

  static func numbers(_ key: String, _ path: Path<[Double]>) -> Self {
    Self(
      key, path, "a list of numbers", encode: { .array($0.map { JSONValue($0) }) },
      decode: { all($0, \.double) })
  }

  private static func all<Value>(
    _ value: JSONValue, _ convert: (JSONValue) -> Value?
  ) -> [Value]? {
    guard let elements = value.array else { return nil }
    let converted = elements.compactMap(convert)
    return converted.count == elements.count ? converted : nil
  }
}
