public import Bytes

/// Limits on the size of a JSON text.
public struct JSONLimits: Sendable {
  public var byteCount = 64 << 20
  public var depth = 64
  public var valueCount = 4_000_000

  public init() {}
}

extension JSONValue {
  /// Parses UTF-8 text as RFC 8259 defines it, and refuses content on which parsers disagree.
  ///
  /// Besides syntax errors, it refuses duplicate keys (compared by Unicode's rules, after escapes
  /// are resolved), invalid UTF-8, lone surrogates, a byte order mark, integers beyond 64 bits,
  /// numbers beyond a double, and text after the value.
  /// - Throws: `json.syntax`, `json.number`, `json.string`, `json.utf8`, `json.duplicate_key`,
  ///   `json.trailing`, `json.depth`, `json.size`; the place is the byte offset.
  public init(parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(Failure) {
    var parser = JSONParser(bytes, limits)
    self = try parser.parseDocument()
  }

  /// Parses `text`; see `init(parsing:limits:)`.
  public init(parsing text: String, limits: JSONLimits = JSONLimits()) throws(Failure) {
    try self.init(parsing: Array(text.utf8), limits: limits)
  }

  /// Parses all bytes of `storage`; see `init(parsing:limits:)`.
  public init(parsing storage: ByteStorage, limits: JSONLimits = JSONLimits()) throws(Failure) {
    guard storage.byteCount <= limits.byteCount else {
      throw JSONParser.sizeFailure(storage.byteCount, limits)
    }
    try unsafe self.init(parsing: storage.withUnsafeBytes { unsafe [UInt8]($0) }, limits: limits)
  }
}

/// Parses a JSON text in one pass over its bytes.
///
/// Recursion is bounded by `JSONLimits.depth`.
struct JSONParser {
  let bytes: [UInt8]
  var position = 0
  private let limits: JSONLimits
  private var depth = 0
  private var valueCount = 0

  init(_ bytes: [UInt8], _ limits: JSONLimits) {
    self.bytes = bytes
    self.limits = limits
  }

  mutating func parseDocument() throws(Failure) -> JSONValue {
    guard bytes.count <= limits.byteCount else {
      throw JSONParser.sizeFailure(bytes.count, limits)
    }
    let value = try parseValue()
    skipWhitespace()
    guard position == bytes.count else {
      throw failure("json.trailing", "there is more text after the value")
    }
    return value
  }

  private mutating func parseValue() throws(Failure) -> JSONValue {
    skipWhitespace()
    valueCount += 1
    guard valueCount <= limits.valueCount else {
      throw failure("json.size", "more than \(limits.valueCount) values")
    }
    guard let first = peek() else {
      throw failure("json.syntax", "the text ends where a value is expected")
    }
    switch first {
    case UInt8(ascii: "{"):
      return try nested { (parser) throws(Failure) in try parser.parseObject() }
    case UInt8(ascii: "["):
      return try nested { (parser) throws(Failure) in try parser.parseArray() }
    case UInt8(ascii: "\""): return .string(try parseString())
    case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
    case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
    case UInt8(ascii: "n"): return try parseWord("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try parseNumber()
    default: throw failure("json.syntax", "a value is expected here")
    }
  }

  private mutating func nested(
    _ body: (inout JSONParser) throws(Failure) -> JSONValue
  ) throws(Failure) -> JSONValue {
    depth += 1
    guard depth <= limits.depth else {
      throw failure("json.depth", "nested deeper than \(limits.depth) levels")
    }
    let value = try body(&self)
    depth -= 1
    return value
  }

  private mutating func parseObject() throws(Failure) -> JSONValue {
    position += 1
    var members: [(key: String, value: JSONValue)] = []
    var keys: Set<String> = []
    skipWhitespace()
    if consume("}") { return .object([]) }
    repeat {
      skipWhitespace()
      let start = position
      guard peek() == UInt8(ascii: "\"") else {
        throw failure("json.syntax", "a key in double quotes is expected here")
      }
      let key = try parseString()
      guard keys.insert(key).inserted else {
        position = start
        throw failure(
          "json.duplicate_key", "the key \"\(printable(key))\" appears twice", .duplicateKey)
      }
      skipWhitespace()
      guard consume(":") else { throw failure("json.syntax", "a colon is expected here") }
      members.append((key, try parseValue()))
      skipWhitespace()
    } while consume(",")
    guard consume("}") else {
      throw failure("json.syntax", "a comma or closing brace is expected here")
    }
    return .object(members)
  }

  private mutating func parseArray() throws(Failure) -> JSONValue {
    position += 1
    var elements: [JSONValue] = []
    skipWhitespace()
    if consume("]") { return .array([]) }
    repeat {
      elements.append(try parseValue())
      skipWhitespace()
    } while consume(",")
    guard consume("]") else {
      throw failure("json.syntax", "a comma or closing bracket is expected here")
    }
    return .array(elements)
  }

  private mutating func parseWord(
    _ word: StaticString, _ value: JSONValue
  ) throws(Failure) -> JSONValue {
    let end = position + word.utf8CodeUnitCount
    let matches = word.withUTF8Buffer { expected in
      unsafe end <= bytes.count && bytes[position..<end].elementsEqual(expected)
    }
    guard matches else { throw failure("json.syntax", "a value is expected here") }
    position = end
    return value
  }

  // MARK: - Bytes

  func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func consume(_ character: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func skipWhitespace() {
    while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  func failure(_ code: String, _ message: String, _ cause: Failure.Cause? = nil) -> Failure {
    Failure(
      .badInput, code: code, "not valid JSON: \(message)", place: "byte \(position)", cause: cause)
  }

  static func sizeFailure(_ byteCount: Int, _ limits: JSONLimits) -> Failure {
    Failure(
      .badInput, code: "json.size",
      "the JSON text has \(byteCount) bytes; at most \(limits.byteCount) are accepted")
  }
}
