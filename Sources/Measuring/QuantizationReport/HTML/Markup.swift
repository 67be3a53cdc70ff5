internal import Bytes

/// A piece of HTML or SVG in which external text is escaped.
///
/// This is the only place that converts text to markup. Tag and attribute names, and verbatim
/// markup, are literals in this module; everything else passes through `escaped`, so that no tensor
/// or file name can add a tag, an attribute or a script.
struct Markup: Sendable {
  private(set) var text: String

  /// Verbatim markup from the source of this module.
  init(literal: StaticString) { text = literal.description }

  /// Untrusted text, to be escaped.
  init(_ plain: String) { text = Markup.escaped(plain) }

  private init(unchecked text: String) { self.text = text }

  /// Concatenates pieces of markup.
  init(_ parts: [Markup]) { text = parts.map(\.text).joined() }

  /// `plain`, escaped for use between tags and in quoted attributes.
  ///
  /// Control and invisible characters, which could reorder or hide displayed text, become visible.
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

  /// An element without content, such as `img`.
  static func empty(_ name: StaticString, _ attributes: Attributes = [:]) -> Markup {
    Markup(unchecked: "<\(name)\(list(attributes))>")
  }

  /// A name with dots and underscores, after which a line break is allowed.
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

  /// A picture embedded in the page.
  static func picture(_ jpeg: [UInt8], width: Int, height: Int, alt: String) -> Markup {
    empty(
      "img",
      [
        "src": "data:image/jpeg;base64," + Base64.encode(jpeg), "width": String(width),
        "height": String(height), "alt": alt, "loading": "lazy",
      ])
  }

  private static func list(_ attributes: Attributes) -> String {
    // Picture data is long and contains nothing that needs escaping.
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
