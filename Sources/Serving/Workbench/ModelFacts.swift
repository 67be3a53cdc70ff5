public import JSON

/// The model of a server, as it is described to clients.
public struct ModelFacts: Sendable {
  /// How people know it: the name of its file.
  public let name: String
  /// Hashes of its content, which distinguish it from others.
  public let identity: String
  /// The metadata of its file: architecture, quantisation, measured accuracy.
  public let metadata: JSONValue

  public init(name: String, identity: String, metadata: JSONValue) {
    (self.name, self.identity, self.metadata) = (name, identity, metadata)
  }
}
