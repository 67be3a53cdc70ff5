internal import Bytes

/// A piece of HTML or SVG, in which text from outside is escaped.
///
/// This is the only place that converts text to markup. Names of tags and attributes, and markup
/// written as it is, are literals of this room; everything else passes through `escaped`, so that
/// no name of a tensor or file can add a tag, an attribute or a script.
struct Markup: Sendable {
  private(set) var text: String

  /// Markup that is written in the source of this room.
  init(literal: StaticString) { text = literal.description }

  /// Untrusted text, which is escaped.
  init(_ plain: String) { text = Markup.escaped(plain) }

  private init(unchecked text: String) { self.text = text }

  /// Pieces one after the other.
  init(_ parts: [Markup]) { text = parts.map(\.text).joined() }

  /// `plain`, escaped for text between tags and for quoted attributes.
  ///
  /// Control and invisible characters, which could reorder or hide what is shown, become visible.
  static func escaped(_ plain: String) -> String {
    var result = ""
    for character in printable(plain, limit: 2000).unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "`": result += "&#96;"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }

  // MARK: - Elements

  typealias Attributes = KeyValuePairs<StaticString, String>

  /// An element with children.
  static func element(
    _ name: StaticString, _ attributes: Attributes, _ children: [Markup]
  ) -> Markup {
    Markup(
      unchecked: "<\(name)\(list(attributes))>" + children.map(\.text).joined() + "</\(name)>")
  }

  /// An element with text.
  static func element(
    _ name: StaticString, _ attributes: Attributes, _ plain: String
  ) -> Markup {
    element(name, attributes, [Markup(plain)])
  }

  /// An element with children and no attributes.
  static func element(_ name: StaticString, _ children: [Markup]) -> Markup {
    element(name, [:], children)
  }

  /// An element with text and no attributes.
  static func element(_ name: StaticString, _ plain: String) -> Markup {
    element(name, [:], [Markup(plain)])
  }

  /// An element that has no content, such as `img`.
  static func empty(_ name: StaticString, _ attributes: Attributes = [:]) -> Markup {
    Markup(unchecked: "<\(name)\(list(attributes))>")
  }

  /// A name with dots and underscores, after which it may take a new line.
  static func name(_ plain: String) -> Markup {
    var parts: [Markup] = []
    var part = ""
    for character in plain {
      part.append(character)
      if character == "." || character == "_" {
        parts += [Markup(part), .empty("wbr")]
        part = ""
      }
    }
    return .element("code", parts + [Markup(part)])
  }

  /// A picture inside the page.
  static func picture(_ jpeg: [UInt8], width: Int, height: Int, alt: String) -> Markup {
    empty(
      "img",
      [
        "src": "data:image/jpeg;base64," + Base64.encode(jpeg), "width": String(width),
        "height": String(height), "alt": alt, "loading": "lazy",
      ])
  }

  private static func list(_ attributes: Attributes) -> String {
    // Data of pictures is long and has nothing to escape.
    attributes.map { name, value in
      let isData = value.hasPrefix("data:image/jpeg;base64,")
      return " \(name)=\"\(isData ? Base64.kept(value) : escaped(value))\""
    }.joined()
  }
}

extension Markup: ExpressibleByStringLiteral {
  /// Plain text, escaped.
  init(stringLiteral plain: String) { self.init(plain) }
}
