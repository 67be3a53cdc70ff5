import Bytes
import Media

/// Pictures at addresses that clients give, fetched only from hosts that the server's owner has
/// allowed.
public struct RemotePictures: Sendable {
  private let hosts: Set<String>
  private let byteLimit: Int

  /// `hosts` are names with or without a port: "data.example.org", "localhost:8080".
  public init(hosts: [String] = [], byteLimit: Int) {
    self.hosts = Set(hosts.map { $0.lowercased() })
    self.byteLimit = byteLimit
  }

  /// The bytes at `address`; `authorization` is sent as the header of that name.
  /// - Throws: `serve.address` for a host that is not allowed, and any scheme except http and
  ///   https; `serve.fetch`.
  public func fetch(
    _ address: String, authorization: String? = nil
  ) async throws -> [UInt8] {
    let address = try RemoteAddress(address)
    guard hosts.contains(address.host) || hosts.contains(address.hostAndPort) else {
      throw Failure(
        .usage, code: "serve.address",
        "pictures of \(printable(address.hostAndPort, limit: 100)) are not fetched",
        hint: "start the server with --allow-host \(address.host) if that is meant")
    }
    let limit = byteLimit
    return try await withCheckedThrowingContinuation { continuation in
      // Waiting for another server must not block a thread that answers requests.
      let work = BackgroundWork {
        continuation.resume(
          with: Result {
            try RemoteFile.fetch(address.text, authorization: authorization, byteLimit: limit)
          })
      }
      withExtendedLifetime(work) {}
    }
  }
}

/// A web address in the only form that is accepted.
struct RemoteAddress {
  let text: String
  /// In lower case, without the port.
  let host: String
  let hostAndPort: String

  /// - Throws: `serve.address`.
  init(_ text: String) throws(Failure) {
    let isPlain = text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") }
    guard text.utf8.count <= 4096, isPlain, !text.contains("\\") else {
      throw RemoteAddress.failure
    }
    let parts = text.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count >= 3, ["http:", "https:"].contains(parts[0].lowercased()),
      parts[1].isEmpty
    else { throw RemoteAddress.failure }
    // A query or fragment directly after the host is refused: no ordinary address has one there.
    hostAndPort = parts[2].lowercased()
    let sides = hostAndPort.split(separator: ":", omittingEmptySubsequences: false)
    let isName = sides[0].utf8.allSatisfy {
      (48...57).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 46
    }
    guard isName, !sides[0].isEmpty, sides.count <= 2,
      sides.count == 1 || UInt16(sides[1]) != nil
    else { throw RemoteAddress.failure }
    host = String(sides[0])
    self.text = text
  }

  private static let failure = Failure(
    .badInput, code: "serve.address", "this is not an address of a picture",
    hint: "it begins with http:// or https:// and a host name")
}
