public import Bytes

/// The path and query of a request, unescaped.
public struct RequestTarget: Sendable {
  /// The parts between slashes.
  public let parts: [String]
  /// If a name occurs more than once, the first value counts.
  public let query: [String: String]

  private static let byteLimit = 8192

  /// Reads the target from the first line of a request.
  /// - Throws: `serve.address` for invalid escapes, text that is not UTF-8, and anything longer
  ///   than 8 kB.
  public init(_ text: String) throws(Failure) {
    guard text.utf8.count <= RequestTarget.byteLimit, text.hasPrefix("/") else {
      throw RequestTarget.failure
    }
    let halves = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var parts: [String] = []
    for part in halves[0].split(separator: "/") {
      parts.append(try RequestTarget.decoded(part, plusIsSpace: false))
    }
    self.parts = parts
    var query: [String: String] = [:]
    for pair in (halves.count > 1 ? halves[1] : "").split(separator: "&") {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = try RequestTarget.decoded(sides[0], plusIsSpace: true)
      let value = sides.count > 1 ? try RequestTarget.decoded(sides[1], plusIsSpace: true) : ""
      if query[name] == nil { query[name] = value }
    }
    self.query = query
  }

  private static func decoded(
    _ text: Substring, plusIsSpace: Bool
  ) throws(Failure) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "%"):
        let digits = rest.prefix(2)
        guard digits.count == 2, let value = UInt8(String(Substring(digits)), radix: 16),
          digits.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") })
        else { throw failure }
        bytes.append(value)
        rest = rest.dropFirst(2)
      case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
      default: bytes.append(byte)
      }
    }
    guard let decoded = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
      throw failure
    }
    return decoded
  }

  private static let failure = Failure(
    .badInput, code: "serve.target", "the address of the request is malformed")
}
