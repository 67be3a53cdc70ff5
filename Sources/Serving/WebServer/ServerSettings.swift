public import Bytes

/// How, and for whom, a server listens.
public struct ServerSettings: Sendable {
  /// An address or host name of this machine.
  public var host = "127.0.0.1"
  /// 0 for any free port.
  public var port = 8765
  /// The secret that clients must send; nil for none.
  public var token: String?
  /// Maximum number of simultaneous connections.
  public var connectionLimit = 512
  /// Seconds allowed for the body of a request; long ones get more.
  public var bodySeconds = 30.0
  /// Bytes per second that a client must send on average, after the first few seconds.
  public var slowestBytesPerSecond = 50_000.0
  /// Seconds after which a silent connection is closed.
  public var idleSeconds = 90

  public init() {}

  /// Whether only this machine can connect.
  public var isLoopback: Bool { ServerSettings.isLoopback(host) }

  static func isLoopback(_ host: String) -> Bool {
    host == "localhost" || host == "::1" || host.hasSuffix(".localhost")
      || (host.hasPrefix("127.") && host.split(separator: ".").count == 4
        && host.split(separator: ".").allSatisfy { UInt8($0) != nil })
  }

  private static let tokenLengths = 8...200

  /// - Throws: `serve.token_needed` if others could connect without a token; `serve.token_form`,
  ///   `serve.port`.
  public func validate() throws(Failure) {
    guard (0...65_535).contains(port) else {
      throw Failure(.usage, code: "serve.port", "the port must be between 0 and 65535, not \(port)")
    }
    if let token {
      let isPlain = token.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x3B && $0 != 0x2C }
      guard isPlain, ServerSettings.tokenLengths.contains(token.utf8.count) else {
        throw Failure(
          .usage, code: "serve.token_form",
          "a token has 8 to 200 printable characters, without spaces, commas and semicolons")
      }
    } else if !isLoopback {
      throw Failure(
        .usage, code: "serve.token_needed",
        "other machines could use the server at \(printable(host)) without a token",
        hint: "give one with --token, or listen on 127.0.0.1")
    }
  }
}
