import Bytes
import JSON
import TestSupport
import Testing

@testable import SAM2Import

/// The costs of untrusted YAML, and the meaning of plain YAML.
@Suite struct YAMLTextTests {
  /// With room for a busy machine and a debug build; an expanded bomb takes hours.
  private static let timeBudget = Duration.seconds(10)

  private func outcome(_ text: String) -> (value: JSONValue?, failure: Failure?) {
    let start = ContinuousClock.now
    defer { #expect(ContinuousClock.now - start < Self.timeBudget) }
    do throws(Failure) { return (try YAMLText.parse(text), nil) } catch { return (nil, error) }
  }

  private func code(_ text: String) -> String? { outcome(text).failure?.code }

  // MARK: - Aliases

  static let lineBreaks = ["\n", "\r\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"]

  /// Lines that expand to 10^9 values.
  private static var bombLines: [String] {
    let first = ["# a configuration", "a: &a [x,x,x,x,x,x,x,x,x,x]"]
    return (1...8).reduce(into: first) { lines, level in
      let below = level == 1 ? "*a" : "*k\(level - 1)"
      let list = Array(repeating: below, count: 10).joined(separator: ",")
      lines.append("k\(level): &k\(level) [\(list)]")
    }
  }

  @Test(arguments: lineBreaks)
  func aBombIsRefusedAfterAnyLineBreak(lineBreak: String) {
    let text = Self.bombLines.joined(separator: lineBreak) + lineBreak
    #expect(text.utf8.count < 600)
    #expect(code(text) == "yaml.alias", "\(lineBreak.unicodeScalars.map(\.value))")
  }

  /// Keys are compared while the library reads, before anything can look at them.
  @Test(arguments: ["? *k8\n  : x", "*k8 : x", "{*k8 : x}", "[{? [*k8] : x}]"])
  func aBombAsKeyIsRefused(key: String) {
    let text = Self.bombLines.joined(separator: "\n") + "\nkey:\n  \(key)\n"
    #expect(code(text) == "yaml.alias")
  }

  static let anchors = [
    "a: &x 1", "a: &x\n  b: 1", "a: &x [1]", "&x a: 1", "? &x [1]\n: 2", "- &x\n- 1", "&x\na: 1",
    "a: !!str &x 1", "a: &x !!str 1", "a: *x", "- *x", "*x : 1", "[1,*x]", "{a: *x}", "a: !!str *x",
    "<<: *x", "a: &x \"quoted\"", "a: &x", "a:\n  *x",
  ]

  @Test(arguments: anchors) func anchorsAndAliasesAreRefused(text: String) {
    #expect(code(text) == "yaml.alias")
  }

  @Test func theLineIsNamed() {
    #expect(outcome("a: 1\nb:\n  c: &x 2\n").failure?.place == "line 3")
    #expect(outcome("a: 1\r\nb: 2\r\nc: *x\r\n").failure?.place == "line 3")
  }

  @Test func otherAsterisksAreText() {
    let text = """
      # *comment & more
      plain: a*b & c
      quoted: "*a &b"
      single: '*'
      block: |
        *a
        &b
      folded: two
        *lines
      """
    let expected: JSONValue = [
      "plain": "a*b & c", "quoted": "*a &b", "single": "*", "block": "*a\n&b\n",
      "folded": "two *lines",
    ]
    #expect(outcome(text).value == expected)
    #expect(code("a: \u{E000}") == "yaml.syntax")
  }

  // MARK: - Costs

  @Test func valuesAreCounted() {
    let maximum = YAMLText.maximumNodeCount - 1
    func list(_ count: Int) -> String { "[" + String(repeating: "x,", count: count) + "]" }
    #expect(outcome(list(maximum)).value?.array?.count == maximum)
    #expect(code(list(maximum + 1)) == "yaml.size")
    #expect(code(String(repeating: "#", count: YAMLText.maximumByteCount + 1)) == "yaml.size")
  }

  /// Each level of keys of keys is hashed again.
  @Test func deepKeysAreAnsweredInTime() {
    let wide = "[" + String(repeating: "x,", count: 1_500) + "]"
    let deep = String(repeating: "{", count: 900) + wide + String(repeating: ":1}", count: 900)
    #expect(code(deep)?.hasPrefix("yaml.") == true)
    let explicit = String(repeating: "? ", count: 900) + wide
    #expect(code(explicit)?.hasPrefix("yaml.") == true)
    #expect(code(String(repeating: "[", count: 8_000)) == "yaml.syntax")
    #expect(code(String(repeating: "- ", count: 8_000)) == "yaml.syntax")
  }

  // MARK: - Scalars

  @Test func scalarsMeanWhatTheyLookLike() {
    let cases: [(String, JSONValue)] = [
      ("12", 12), ("-7", -7), ("+5", 5), ("1e-6", 1e-6), ("0.05", 0.05), ("20.0", 20.0),
      ("true", true), ("True", true), ("off", false), ("null", .null), ("~", .null), ("", .null),
      ("\"12\"", "12"), ("'true'", "true"), ("!!str 12", "12"), ("nearest", "nearest"),
      (".inf", ".inf"), ("nan", "nan"), ("0x10", "0x10"), ("1e999", "1e999"),
      ("9223372036854775808", 9_223_372_036_854_775_808.0), ("1:30", "1:30"),
    ]
    for (text, expected) in cases {
      #expect(outcome("a: \(text)").value?["a"] == expected, "\(text)")
    }
  }

  /// Base-60 numbers of YAML 1.1, which overflow what the library computes with.
  @Test func longSexagesimalNumbersAreText() {
    let digits = Array(repeating: "59", count: 12).joined(separator: ":")
    #expect(outcome("image_size: \(digits)").value?["image_size"] == .string(digits))
  }

  @Test func syntaxErrorsNameThePlace() {
    #expect(outcome("a: 1\nb: [1\n").failure?.place?.hasPrefix("line ") == true)
    #expect(code("a: 1\na: 2") == "yaml.syntax")
    #expect(code("a: 1\n---\nb: 2") == "yaml.syntax")
    #expect(code("? [1]\n: 2") == "yaml.type")
    #expect(code("a: \u{7}") == "yaml.syntax")
  }
}
