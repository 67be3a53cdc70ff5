public import Bytes
public import JSON

extension ModelConfiguration {
  private var entries: ConfigurationEntries {
    .of(trunk.kind, hasPerceiver: memory.perceiver != nil)
  }
  /// The entry that names the kind of trunk; files without one have a Hiera.
  private static let trunkKey = "trunk"

  /// All entries as an object, in a fixed order.
  public var json: JSONValue {
    let members = entries.fields.map { ($0, value: $0.read(self)) }
      .filter { $0.absent != $1 }.map { (key: $0.key, value: $1) }
    guard trunk.kind != .hiera else { return .object(members) }
    return .object([(key: Self.trunkKey, value: .string(trunk.kind.rawValue))] + members)
  }

  /// Reads what `json` wrote.
  /// - Throws: `json.missing`, `json.type`, `config.unknown` for an unknown entry,
  ///   `config.unsupported` for another kind of trunk, and what `validate` throws.
  public init(json: JSONValue) throws(Failure) {
    self.init()
    trunk = try ModelConfiguration.trunkKind(in: json).initial
    if json[ConfigurationEntries.perceiverKey] != nil { memory.perceiver = Memory.Perceiver() }
    for field in entries.fields {
      if field.absent != nil, json[field.key] == nil { continue }
      try set(field.key, json.required(field.key))
    }
    for (key, _) in json.object ?? [] where key != Self.trunkKey && entries[key] == nil {
      throw Failure(.badInput, code: "config.unknown", "unknown configuration entry \"\(key)\"")
    }
    try validate()
  }

  private static func trunkKind(in json: JSONValue) throws(Failure) -> Trunk.Kind {
    guard json[trunkKey] != nil else { return .hiera }
    let name = try json.requiredString(trunkKey)
    guard let kind = Trunk.Kind(rawValue: name) else {
      let known = Trunk.Kind.allCases.map(\.rawValue).joined(separator: ", ")
      throw Failure(
        .badInput, code: "config.unsupported",
        "the trunk is \"\(printable(name, limit: 60))\"; known are: \(known)",
        place: "configuration")
    }
    return kind
  }

  /// Sets the entry of that name, for example "image_size".
  /// - Throws: `config.unknown`, `json.type`.
  public mutating func set(_ key: String, _ value: JSONValue) throws(Failure) {
    guard let field = entries[key] else {
      throw Failure(.badInput, code: "config.unknown", "unknown configuration entry \"\(key)\"")
    }
    guard field.write(&self, value) else {
      throw Failure(
        .badInput, code: "json.type",
        "\"\(key)\" must be \(field.expected), not \(value.kindName)", place: "configuration")
    }
  }

  /// Names of the entries in which two configurations differ, with both values; if the trunks are
  /// of different kinds, or only one model has a perceiver, that difference alone.
  public func differences(
    from other: ModelConfiguration
  ) -> [(key: String, own: JSONValue, other: JSONValue)] {
    guard trunk.kind == other.trunk.kind else {
      return [
        (Self.trunkKey, .string(trunk.kind.rawValue), .string(other.trunk.kind.rawValue))
      ]
    }
    guard (memory.perceiver == nil) == (other.memory.perceiver == nil) else {
      return [
        (
          "spatial_perceiver", .bool(memory.perceiver != nil), .bool(other.memory.perceiver != nil)
        )
      ]
    }
    return entries.fields.compactMap { field in
      let (a, b) = (field.read(self), field.read(other))
      return a == b ? nil : (field.key, a, b)
    }
  }
}
