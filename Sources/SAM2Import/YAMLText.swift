import Bytes
import JSON
import Yams

/// YAML as JSON values.
///
/// The only file that knows the YAML library.
enum YAMLText {
  private static let maximumByteCount = 256 << 10

  /// Parses one document.
  ///
  /// Anchors and aliases are refused: no configuration of SAM 2 has any, and a few of them nested
  /// stand for gigabytes.
  /// - Throws: `yaml.size`, `yaml.alias`, `yaml.syntax`, `yaml.type`.
  static func parse(_ text: String) throws(Failure) -> JSONValue {
    guard text.utf8.count <= maximumByteCount else {
      throw Failure(
        .badInput, code: "yaml.size",
        "the YAML text has \(text.utf8.count) bytes; at most \(maximumByteCount) are read")
    }
    if let line = lineWithAlias(text) {
      throw Failure(
        .badInput, code: "yaml.alias", "anchors and aliases are not supported",
        place: "line \(line)")
    }
    let node: Node?
    do {
      node = try compose(yaml: text)
    } catch {
      throw Failure(.badInput, code: "yaml.syntax", printable("\(error)", limit: 300))
    }
    return try node.map(value) ?? .null
  }

  /// First line on which `&` or `*` begins a word outside a comment.
  private static func lineWithAlias(_ text: String) -> Int? {
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      var previous: Character = " "
      for character in line {
        let startsWord = previous.isWhitespace || "[{,:-?".contains(previous)
        if startsWord && character == "#" { break }
        if startsWord && (character == "&" || character == "*") { return index + 1 }
        previous = character
      }
    }
    return nil
  }

  private static func value(_ node: Node) throws(Failure) -> JSONValue {
    switch node {
    case .scalar(let scalar): return scalarValue(node, isPlain: scalar.style == .plain)
    case .sequence(let sequence):
      var elements: [JSONValue] = []
      for element in sequence { elements.append(try value(element)) }
      return .array(elements)
    case .mapping(let mapping):
      var members: [(key: String, value: JSONValue)] = []
      for (key, element) in mapping {
        guard let name = key.string else {
          throw Failure(.badInput, code: "yaml.type", "a key is no plain text")
        }
        members.append((name, try value(element)))
      }
      return .object(members)
    case .alias: throw Failure(.badInput, code: "yaml.alias", "aliases are not supported")
    }
  }

  /// A quoted scalar is text whatever it looks like.
  private static func scalarValue(_ node: Node, isPlain: Bool) -> JSONValue {
    let text = node.string ?? ""
    guard isPlain else { return .string(text) }
    if node.null != nil { return .null }
    if let integer = node.int { return JSONValue(integer) }
    if let number = node.float { return JSONValue(number) }
    if let flag = node.bool { return .bool(flag) }
    return .string(text)
  }
}
