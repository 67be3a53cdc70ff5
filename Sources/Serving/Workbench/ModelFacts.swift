public import JSON

/// A server's model, as described to clients.
public struct ModelFacts: Sendable {
  /// The name people know it by: its file name.
  public let name: String
  /// Hashes of its contents, which distinguish it from other models.
  public let identity: String
  /// The metadata of its file: architecture, quantisation, measured accuracy.
  public let metadata: JSONValue

  public init(name: String, identity: String, metadata: JSONValue) {
    (self.name, self.identity, self.metadata) = (name, identity, metadata)
  }
}
