import Bytes
import JSON
import Yams

/// YAML as JSON values.
///
/// The only file that knows the YAML library.
struct YAMLText {
  /// Four times the size of the largest official configuration.
  ///
  /// The library hashes keys that are lists or mappings once per level, so the cost of a text grows
  /// faster than its size.
  static let maximumByteCount = 16 << 10
  /// Twenty times as many nodes as the largest official configuration has.
  static let maximumNodeCount = 4_000

  private var nodeCount = 0

  /// Parses one document.
  ///
  /// Anchors and aliases are refused: no SAM 2 configuration has any, and a few nested ones can
  /// expand to gigabytes.
  /// - Throws: `yaml.size`, `yaml.alias`, `yaml.syntax`, `yaml.type`.
  static func parse(_ text: String) throws(Failure) -> JSONValue {
    guard text.utf8.count <= maximumByteCount else {
      throw Failure(
        .badInput, code: "yaml.size",
        "the YAML text has \(text.utf8.count) bytes; at most \(maximumByteCount) are read")
    }
    do {
      let parser = try Parser(yaml: try withoutAliases(text), resolver: .basic, encoding: .utf8)
      // Nodes have weak references to their anchors, which the parser owns.
      return try withExtendedLifetime(parser) {
        var reader = YAMLText()
        return try parser.singleRoot().map { try reader.value($0) } ?? .null
      }
    } catch let failure as Failure {
      throw failure
    } catch let error as YamlError {
      throw syntaxFailure(error)
    } catch {
      throw Failure(.badInput, code: "yaml.syntax", printable("\(error)", limit: 300))
    }
  }

  // MARK: - Aliases

  /// Replaces every asterisk: a printable character without a meaning in YAML, which may begin a
  /// plain scalar wherever an alias is allowed.
  private static let asteriskMark: Unicode.Scalar = "\u{E000}"

  /// The same document without aliases, so that the parser expands nothing: aliases have become
  /// plain scalars that begin with the mark, and any other asterisk is part of a text.
  private static func withoutAliases(_ text: String) throws(Failure) -> String {
    guard !text.unicodeScalars.contains(asteriskMark) else {
      throw Failure(
        .badInput, code: "yaml.syntax", "the text holds the private character U+E000")
    }
    return replacing("*", by: asteriskMark, in: text)
  }

  private static func replacing(
    _ old: Unicode.Scalar, by new: Unicode.Scalar, in text: String
  ) -> String {
    guard text.unicodeScalars.contains(old) else { return text }
    var changed = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { changed.append(scalar == old ? new : scalar) }
    return String(changed)
  }

  private static func aliasFailure(_ node: Node) -> Failure {
    Failure(
      .badInput, code: "yaml.alias", "anchors and aliases are not supported",
      place: node.mark.map { "line \($0.line)" })
  }

  // MARK: - Values

  private mutating func value(_ node: Node) throws(Failure) -> JSONValue {
    try count(node)
    switch node {
    case .scalar(let scalar): return try value(scalar, of: node)
    case .sequence(let sequence):
      var elements: [JSONValue] = []
      for element in sequence { elements.append(try value(element)) }
      return .array(elements)
    case .mapping(let mapping):
      var members: [(key: String, value: JSONValue)] = []
      for (key, element) in mapping {
        try count(key)
        guard let scalar = key.scalar else {
          throw Failure(
            .badInput, code: "yaml.type", "a key is not plain text",
            place: key.mark.map { "line \($0.line)" })
        }
        members.append((try text(of: scalar, key), try value(element)))
      }
      return .object(members)
    case .alias: throw YAMLText.aliasFailure(node)
    }
  }

  /// Refuses an anchored node, and the first node too many.
  private mutating func count(_ node: Node) throws(Failure) {
    guard node.anchor == nil else { throw YAMLText.aliasFailure(node) }
    nodeCount += 1
    guard nodeCount <= YAMLText.maximumNodeCount else {
      throw Failure(
        .badInput, code: "yaml.size",
        "the YAML text has more than \(YAMLText.maximumNodeCount) values")
    }
  }

  private func text(of scalar: Node.Scalar, _ node: Node) throws(Failure) -> String {
    guard scalar.style != .plain || scalar.string.unicodeScalars.first != YAMLText.asteriskMark
    else { throw YAMLText.aliasFailure(node) }
    return YAMLText.replacing(YAMLText.asteriskMark, by: "*", in: scalar.string)
  }

  /// The value of a scalar; a quoted or tagged one is always text, even if it looks like a number.
  private func value(_ scalar: Node.Scalar, of node: Node) throws(Failure) -> JSONValue {
    let text = try text(of: scalar, node)
    guard scalar.style == .plain, scalar.tag == .implicit else { return .string(text) }
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": return .bool(true)
    case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": return .bool(false)
    default: return YAMLText.number(text) ?? .string(text)
    }
  }

  private static let numberBytes = Set("+-.0123456789eE".utf8)

  /// A finite decimal number; other YAML 1.1 forms, such as sexagesimal numbers, stay text.
  private static func number(_ text: String) -> JSONValue? {
    guard text.utf8.allSatisfy(numberBytes.contains) else { return nil }
    if let integer = Int(text) { return JSONValue(integer) }
    guard let number = Double(text), number.isFinite else { return nil }
    return JSONValue(number)
  }

  // MARK: - Failures

  private static func syntaxFailure(_ error: YamlError) -> Failure {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return Failure(
        .badInput, code: "yaml.syntax", "not YAML: \(printable(problem, limit: 200))",
        place: "line \(mark.line), column \(mark.column)")
    case .duplicatedKeysInMapping(let keys, _):
      let names = keys.map { printable($0, limit: 60) }.prefix(3).joined(separator: ", ")
      return Failure(.badInput, code: "yaml.syntax", "keys are used twice: \(names)")
    default:
      return Failure(.badInput, code: "yaml.syntax", printable("\(error)", limit: 300))
    }
  }
}
