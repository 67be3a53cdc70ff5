public import Bytes
public import JSON

extension ModelConfiguration {
  /// All entries as an object, in a fixed order.
  public var json: JSONValue {
    .object(ConfigurationField.all.map { (key: $0.key, value: $0.read(self)) })
  }

  /// Reads what `json` wrote.
  /// - Throws: `json.missing`, `json.type`, `config.unknown` for an entry that is none of ours, and
  ///   what `validate` throws.
  public init(json: JSONValue) throws(Failure) {
    self.init()
    for field in ConfigurationField.all { try set(field.key, json.required(field.key)) }
    for (key, _) in json.object ?? [] where ConfigurationField.byKey[key] == nil {
      throw Failure(.badInput, code: "config.unknown", "unknown configuration entry \"\(key)\"")
    }
    try validate()
  }

  /// Sets the entry of that name, for example "image_size".
  /// - Throws: `config.unknown`, `json.type`.
  public mutating func set(_ key: String, _ value: JSONValue) throws(Failure) {
    guard let field = ConfigurationField.byKey[key] else {
      throw Failure(.badInput, code: "config.unknown", "unknown configuration entry \"\(key)\"")
    }
    guard field.write(&self, value) else {
      throw Failure(
        .badInput, code: "json.type",
        "\"\(key)\" must be \(field.expected), not \(value.kindName)", place: "configuration")
    }
  }

  /// Names of the entries in which two configurations differ, with both values.
  public func differences(
    from other: ModelConfiguration
  ) -> [(key: String, own: JSONValue, other: JSONValue)] {
    ConfigurationField.all.compactMap { field in
      let (a, b) = (field.read(self), field.read(other))
      return a == b ? nil : (field.key, a, b)
    }
  }
}
