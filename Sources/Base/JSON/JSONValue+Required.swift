public import Bytes

// Accessors for required members, whose errors name the member at fault.

extension JSONValue {
  /// The member `key`.
  /// - Throws: `json.missing` if it does not exist; `json.type` if this is not an object.
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

  /// The string at `key`; throws like `required`, or `json.type`.
  public func requiredString(_ key: String) throws(Failure) -> String {
    try typed(key, "a string") { $0.string }
  }

  /// The integer at `key`; throws like `required`, or `json.type`.
  public func requiredInt(_ key: String) throws(Failure) -> Int {
    try typed(key, "an integer") { $0.int }
  }

  /// The number at `key`; throws like `required`, or `json.type`.
  public func requiredDouble(_ key: String) throws(Failure) -> Double {
    try typed(key, "a number") { $0.double }
  }

  /// The boolean at `key`; throws like `required`, or `json.type`.
  public func requiredBool(_ key: String) throws(Failure) -> Bool {
    try typed(key, "a boolean") { $0.bool }
  }

  /// The array at `key`; throws like `required`, or `json.type`.
  public func requiredArray(_ key: String) throws(Failure) -> [JSONValue] {
    try typed(key, "an array") { $0.array }
  }

  /// The members of the object at `key`; throws like `required`, or `json.type`.
  public func requiredObject(
    _ key: String
  ) throws(Failure) -> [(key: String, value: JSONValue)] {
    try typed(key, "an object") { $0.object }
  }

  /// The array of integers at `key`; throws like `required`, or `json.type`, which names the first
  /// element that is not an integer.
  public func requiredInts(_ key: String) throws(Failure) -> [Int] {
    try requiredInts(key, \.int)
  }

  /// The same, but an integer may also be written as 1.0.
  public func requiredWholeNumbers(_ key: String) throws(Failure) -> [Int] {
    try requiredInts(key, \.wholeNumber)
  }

  private func requiredInts(
    _ key: String, _ convert: (JSONValue) -> Int?
  ) throws(Failure) -> [Int] {
    var numbers: [Int] = []
    for (index, element) in try requiredArray(key).enumerated() {
      guard let number = convert(element) else {
        throw Failure(
          .badInput, code: "json.type",
          "\"\(key)\" must be an array of integers; element \(index) is \(element.shown)")
      }
      numbers.append(number)
    }
    return numbers
  }

  private func typed<T>(
    _ key: String, _ expected: String, _ convert: (JSONValue) -> T?
  ) throws(Failure) -> T {
    let value = try required(key)
    guard let converted = convert(value) else {
      throw Failure(
        .badInput, code: "json.type", "\"\(key)\" must be \(expected), not \(value.shown)")
    }
    return converted
  }
}
