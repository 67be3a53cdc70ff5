internal import Bytes
internal import ModelFile

/// A self-contained page: styles, script and pictures are embedded, and its policy forbids fetching
/// anything or running any other script.
struct Page {
  let title: String
  let header: Markup
  let sections: [any ReportSection]
  /// Names the program that wrote the page.
  let footer: String

  var text: String {
    let head = Markup.element(
      "head",
      [
        .empty("meta", ["charset": "utf-8"]),
        .empty("meta", ["http-equiv": "Content-Security-Policy", "content": policy]),
        .empty(
          "meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
        .empty("meta", ["name": "color-scheme", "content": "light dark"]),
        .element("title", title), .element("style", [Markup(literal: Stylesheet.text)]),
      ])
    let body = Markup.element(
      "body",
      [
        .element("a", ["class": "skip", "href": "#main"], "skip to the figures"), header, contents,
        .element("main", ["id": "main"], sections.map(\.markup)),
        .element("footer", [.element("p", footer)]),
        .element("script", [Markup(literal: PageScript.text)]),
      ])
    return "<!DOCTYPE html>\n"
      + Markup.element("html", ["lang": "en"], [head, body]).text + "\n"
  }

  private var contents: Markup {
    .element(
      "nav", ["aria-label": "Contents"],
      sections.map { .element("a", ["href": "#\($0.key)"], $0.title) })
  }

  /// Allows only the page's own script, identified by its hash.
  private var policy: String {
    let script = Array(PageScript.text.description.utf8)
    let hash = unsafe ModelFile.sha256(
      of: ByteStorage(byteCount: script.count) { unsafe $0.copyBytes(from: script) })
    return "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-"
      + Base64.encode(Self.bytes(hash)) + "'; base-uri 'none'; form-action 'none'"
  }

  private static func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = Array(hexadecimal.utf8).compactMap { Character(UnicodeScalar($0)).hexDigitValue }
    return stride(from: 0, to: digits.count - 1, by: 2).map {
      UInt8(16 * digits[$0] + digits[$0 + 1])
    }
  }
}
