import Crypto

/// SHA-256 of a file, as 64 hexadecimal digits.
public struct ContentHash: Sendable, Hashable {
  public let text: String

  public init(of contents: [UInt8]) { text = hexadecimal(SHA256.hash(data: contents)) }

  /// Parses a stored hash; nil for any other text.
  init?(text: String) {
    let isHash =
      text.utf8.count == 64
      && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    guard isHash else { return nil }
    self.text = text
  }
}

/// The name of an embedding: SHA-256 over everything that it depends on.
public struct EmbeddingKey: Sendable, Hashable {
  /// 64 hexadecimal digits.
  public let text: String

  /// The key of a picture with file hash `contents` under the model identified by `model`.
  public init(model: String, contents: ContentHash) {
    let parts = "sam2-embedding-1\n\(model)\n\(contents.text)\n"
    text = hexadecimal(SHA256.hash(data: Array(parts.utf8)))
  }
}

/// `bytes` as hexadecimal digits.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
