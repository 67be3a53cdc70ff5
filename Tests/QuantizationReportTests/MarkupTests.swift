import Bytes
import JSON
import Testing

@testable import QuantizationReport

/// The one place where text becomes markup.
struct MarkupTests {
  /// Names that would be something else as markup.
  static let hostile = [
    "<script>alert(1)</script>", "</style><img src=x onerror=alert(1)>", "\" onload=\"alert(1)",
    "' onfocus='alert(1)", "` onclick=`", "&lt;b&gt;", "]]><!--", "data:image/jpeg;base64,\"><b>",
    "javascript:alert(1)", "a\u{202E}gpj.exe", "\u{0}\u{7}\u{1B}[31m", "</td></tr></table>",
  ]

  @Test(arguments: hostile)
  func textStaysText(name: String) {
    for markup in [
      Markup(name), .element("td", name), .element("a", ["title": name], "x"),
      .picture([1, 2], width: 1, height: 1, alt: name), .facts([(name: name, value: name)]),
      .name(name),
    ] {
      let page = PageReader(markup.text)
      #expect(page.problem == nil, "\(page.problem ?? "")")
      #expect(
        page.tags.isSubset(of: ["td", "a", "img", "dl", "div", "dt", "dd", "code", "wbr"]),
        "\(page.tags)")
      #expect(
        page.attributes.isSubset(
          of: ["title", "src", "alt", "class", "width", "height", "loading"]), "\(page.attributes)")
      #expect(!markup.text.unicodeScalars.contains { $0.value < 0x20 || $0 == "\u{202E}" })
    }
  }

  @Test func whatIsEscapedReadsAsItWas() {
    #expect(Markup("a<b & \"c\"").text == "a&lt;b &amp; &quot;c&quot;")
    #expect(Markup.element("td", ["title": "a'b"], "é").text == "<td title=\"a&#39;b\">é</td>")
  }

  @Test func namesMayBreakAfterDots() {
    #expect(Markup.name("a.b_c").text == "<code>a.<wbr>b_<wbr>c</code>")
  }

  /// RFC 4648, section 10, and all bytes.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
    ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
  ])
  func base64(plain: String, encoded: String) {
    #expect(Base64.encode(Array(plain.utf8)) == encoded)
  }

  @Test func base64OfAllBytes() {
    let text = Base64.encode(Array(0...255))
    #expect(text.hasPrefix("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEy"))
    #expect(text.hasSuffix("+fr7/P3+/w==") && text.utf8.count == 344)
  }

  @Test func commandsAreQuotedForAShell() {
    let words = ["sam2-quantize", "a b.sam2", "it's", "", "--keep-fp32", "x.*", "$HOME"]
    #expect(
      ProvenanceSection.line(words)
        == "sam2-quantize 'a b.sam2' 'it'\\''s' '' --keep-fp32 'x.*' '$HOME'")
  }

  @Test func figuresAreReadable() {
    #expect(Figure.count(1_234_567) == "1\u{202F}234\u{202F}567")
    #expect(Figure.count(12) == "12" && Figure.count(-1234) == "−1\u{202F}234")
    #expect(Figure.text(nil, 2) == "–" && Figure.text(.infinity, 2) == "∞")
    #expect(Figure.percentile(0.05, []) == nil && Figure.percentile(0.05, [3, 1, 2]) == 1)
    #expect(Figure.json(.infinity, 2) == .null && Figure.json(0.123456, 3) == .number(0.123))
  }
}
