/// Writes a `JSONValue` as UTF-8.
struct JSONWriter {
  private(set) var bytes: [UInt8] = []
  private let style: JSONStyle

  init(_ style: JSONStyle) { self.style = style }

  mutating func write(_ value: JSONValue, indent: Int = 0) {
    switch value {
    case .null: append("null")
    case .bool(let bool): append(bool ? "true" : "false")
    case .integer(let integer): append(String(integer))
    // Swift prints the shortest text that reads back as the same double. RFC 8259 has no infinity.
    case .number(let double): append(double.isFinite ? double.description : "null")
    case .string(let string): writeString(string)
    case .array(let elements):
      writeList(elements, "[", "]", indent) { writer, element in
        writer.write(element, indent: indent + 1)
      }
    case .object(let members):
      writeList(style == .canonical ? sorted(members) : members, "{", "}", indent) {
        writer, member in
        writer.writeString(member.key)
        writer.append(writer.style == .pretty ? ": " : ":")
        writer.write(member.value, indent: indent + 1)
      }
    }
  }

  private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  /// Sorts by UTF-8 bytes, which is code point order and does not depend on a Unicode version.
  private func sorted(
    _ members: [(key: String, value: JSONValue)]
  ) -> [(key: String, value: JSONValue)] {
    members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
  }

  private mutating func writeList<Element>(
    _ elements: [Element], _ open: String, _ close: String, _ indent: Int,
    _ writeElement: (inout JSONWriter, Element) -> Void
  ) {
    append(open)
    for (i, element) in elements.enumerated() {
      if i > 0 { append(",") }
      breakLine(indent + 1)
      writeElement(&self, element)
    }
    if !elements.isEmpty { breakLine(indent) }
    append(close)
  }

  private mutating func breakLine(_ indent: Int) {
    guard style == .pretty else { return }
    append("\n" + String(repeating: "  ", count: indent))
  }

  /// Works byte by byte, because run lengths can be long strings.
  private mutating func writeString(_ string: String) {
    bytes.append(UInt8(ascii: "\""))
    // The lead byte of U+0080 to U+00BF is held back, because the first 32 of these are controls.
    let lead: UInt8 = 0xC2
    var isHeld = false
    for byte in string.utf8 {
      if isHeld {
        isHeld = false
        if byte < 0xA0 {
          writeControl(byte)
          continue
        }
        bytes.append(lead)
      }
      switch byte {
      case UInt8(ascii: "\""): append("\\\"")
      case UInt8(ascii: "\\"): append("\\\\")
      case UInt8(ascii: "\n"): append("\\n")
      case UInt8(ascii: "\r"): append("\\r")
      case UInt8(ascii: "\t"): append("\\t")
      case 0x8: append("\\b")
      case 0xC: append("\\f")
      // DEL and C1 are legal unescaped, but must not reach a terminal.
      case 0..<0x20, 0x7F: writeControl(byte)
      case lead: isHeld = true
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func writeControl(_ value: UInt8) {
    let digits = String(value, radix: 16)
    append("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
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
    String(decoding: utf8(style), as: UTF8.self)
  }

  /// The same text as bytes.
  public func utf8(_ style: JSONStyle = .compact) -> [UInt8] {
    var writer = JSONWriter(style)
    writer.write(self)
    return writer.bytes
  }
}

extension JSONValue: CustomStringConvertible {
  public var description: String { text() }
}
