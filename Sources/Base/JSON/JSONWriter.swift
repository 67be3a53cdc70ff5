/// Writes a `JSONValue` as text.
struct JSONWriter {
  private(set) var text = ""
  private let style: JSONStyle

  init(_ style: JSONStyle) { self.style = style }

  mutating func write(_ value: JSONValue, indent: Int = 0) {
    switch value {
    case .null: text += "null"
    case .bool(let bool): text += bool ? "true" : "false"
    case .integer(let integer): text += String(integer)
    // Swift prints the shortest text that reads back as the same double. RFC 8259 has no infinity.
    case .number(let double): text += double.isFinite ? double.description : "null"
    case .string(let string): writeString(string)
    case .array(let elements):
      writeList(elements, "[", "]", indent) { writer, element in
        writer.write(element, indent: indent + 1)
      }
    case .object(let members):
      writeList(style == .canonical ? sorted(members) : members, "{", "}", indent) {
        writer, member in
        writer.writeString(member.key)
        writer.text += writer.style == .pretty ? ": " : ":"
        writer.write(member.value, indent: indent + 1)
      }
    }
  }

  /// By UTF-8 bytes, which is by code point and does not depend on a Unicode version.
  private func sorted(
    _ members: [(key: String, value: JSONValue)]
  ) -> [(key: String, value: JSONValue)] {
    members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
  }

  private mutating func writeList<Element>(
    _ elements: [Element], _ open: String, _ close: String, _ indent: Int,
    _ writeElement: (inout JSONWriter, Element) -> Void
  ) {
    text += open
    for (i, element) in elements.enumerated() {
      if i > 0 { text += "," }
      breakLine(indent + 1)
      writeElement(&self, element)
    }
    if !elements.isEmpty { breakLine(indent) }
    text += close
  }

  private mutating func breakLine(_ indent: Int) {
    guard style == .pretty else { return }
    text += "\n" + String(repeating: "  ", count: indent)
  }

  private mutating func writeString(_ string: String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{8}": text += "\\b"
      case "\u{C}": text += "\\f"
      // DEL and C1 are legal unescaped, but must not reach a terminal.
      case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}

/// How a JSON text is laid out.
public enum JSONStyle: Sendable {
  /// One line without spaces, members in the given order.
  case compact
  /// As `compact`, but members sorted by key, so that equal content gives equal bytes.
  case canonical
  /// Indented by two spaces, members in the given order, no line break at the end.
  case pretty
}

extension JSONValue {
  /// The value as JSON text.
  ///
  /// Numbers that are not finite become `null`.
  public func text(_ style: JSONStyle = .compact) -> String {
    var writer = JSONWriter(style)
    writer.write(self)
    return writer.text
  }
}

extension JSONValue: CustomStringConvertible {
  public var description: String { text() }
}
