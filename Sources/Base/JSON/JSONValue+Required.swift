public import Bytes

// Members that must be there, with an error that names the one at fault.

extension JSONValue {
  /// The member `key`.
  /// - Throws: `json.missing` when there is none; `json.type` when this is no object.
  public func required(_ key: String) throws(Failure) -> JSONValue {
    guard case .object = self else {
      throw Failure(
        .badInput, code: "json.type", "an object is expected, not \(kindName)",
        place: "looking for \"\(key)\"")
    }
    guard let value = self[key] else {
      throw Failure(.badInput, code: "json.missing", "the member \"\(key)\" is missing")
    }
    return value
  }

  /// The string at `key`; throws as `required`, or `json.type`.
  public func requiredString(_ key: String) throws(Failure) -> String {
    try typed(key, "a string") { $0.string }
  }

  /// The integer at `key`; throws as `required`, or `json.type`.
  public func requiredInt(_ key: String) throws(Failure) -> Int {
    try typed(key, "an integer") { $0.int }
  }

  /// The number at `key`; throws as `required`, or `json.type`.
  public func requiredDouble(_ key: String) throws(Failure) -> Double {
    try typed(key, "a number") { $0.double }
  }

  /// The boolean at `key`; throws as `required`, or `json.type`.
  public func requiredBool(_ key: String) throws(Failure) -> Bool {
    try typed(key, "a boolean") { $0.bool }
  }

  /// The array at `key`; throws as `required`, or `json.type`.
  public func requiredArray(_ key: String) throws(Failure) -> [JSONValue] {
    try typed(key, "an array") { $0.array }
  }

  /// The members of the object at `key`; throws as `required`, or `json.type`.
  public func requiredObject(
    _ key: String
  ) throws(Failure) -> [(key: String, value: JSONValue)] {
    try typed(key, "an object") { $0.object }
  }

  /// The array of integers at `key`; throws as `required`, or `json.type`.
  public func requiredInts(_ key: String) throws(Failure) -> [Int] {
    try typed(key, "an array of integers") { value in
      guard let elements = value.array else { return nil }
      let integers = elements.compactMap(\.int)
      return integers.count == elements.count ? integers : nil
    }
  }

  private func typed<T>(
    _ key: String, _ expected: String, _ convert: (JSONValue) -> T?
  ) throws(Failure) -> T {
    let value = try required(key)
    guard let converted = convert(value) else {
      throw Failure(
        .badInput, code: "json.type", "\"\(key)\" must be \(expected), not \(value.kindName)")
    }
    return converted
  }
}
