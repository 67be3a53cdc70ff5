public import JSON

/// The model of a server, as clients are told of it.
public struct ModelFacts: Sendable {
  /// How people know it: the name of its file.
  public let name: String
  /// What tells it from others: hashes of what is in it.
  public let identity: String
  /// What its file says of itself: architecture, quantisation, measured accuracy.
  public let metadata: JSONValue

  public init(name: String, identity: String, metadata: JSONValue) {
    (self.name, self.identity, self.metadata) = (name, identity, metadata)
  }
}
