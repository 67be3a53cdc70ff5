import Bytes
import JSON
import TestSupport
import Testing

@Suite struct JSONParserTests {
  @Test func readsEveryKindOfValue() throws {
    let text = #" {"a":[1,-2,3.5,1e2,true,false,null],"b":{"c":"x\n\u00e9\ud83d\ude00\/"},"é":""} "#
    let value = try JSONValue(parsing: text)
    #expect(
      value == [
        "a": [1, -2, 3.5, 100.0, true, false, .null], "b": ["c": "x\né😀/"], "é": "",
      ])
    #expect(value["a"]?[0]?.int == 1)
    #expect(value["a"]?[2]?.double == 3.5)
    #expect(value["a"]?[3]?.int == nil)
    #expect(value["a"]?[7] == nil)
    #expect(value["b"]?["c"]?.string == "x\né😀/")
    #expect(value["none"] == nil)
    #expect(value["a"]?[6]?.isNull == true)
  }

  @Test func numbersAreExact() throws {
    #expect(try JSONValue(parsing: "9223372036854775807") == .integer(.max))
    #expect(try JSONValue(parsing: "-9223372036854775808") == .integer(.min))
    #expect(try JSONValue(parsing: "0") == 0)
    #expect(try JSONValue(parsing: "-0").double?.sign == .minus)
    #expect(try JSONValue(parsing: "5e-324") == .number(.leastNonzeroMagnitude))
    #expect(try JSONValue(parsing: "0.1") == 0.1)
  }

  static let refused: [(String, String)] = [
    ("", "json.syntax"), ("  ", "json.syntax"), ("nul", "json.syntax"), ("True", "json.syntax"),
    ("{", "json.syntax"), ("[1", "json.syntax"), ("[1,]", "json.syntax"), ("[,1]", "json.syntax"),
    (#"{"a":1,}"#, "json.syntax"), (#"{"a"}"#, "json.syntax"), (#"{"a":}"#, "json.syntax"),
    ("{a:1}", "json.syntax"), ("{1:1}", "json.syntax"), ("'a'", "json.syntax"),
    ("[1 2]", "json.syntax"), ("// x\n1", "json.syntax"), ("/**/1", "json.syntax"),
    ("NaN", "json.syntax"), ("Infinity", "json.syntax"), ("-Infinity", "json.number"),
    ("+1", "json.syntax"), (".5", "json.syntax"), ("01", "json.number"), ("-01", "json.number"),
    ("00", "json.number"), ("1.", "json.number"), ("1.e3", "json.number"), ("1e", "json.number"),
    ("1e+", "json.number"), ("-", "json.number"), ("1e999", "json.number"),
    ("9223372036854775808", "json.number"), ("0x10", "json.trailing"), ("1 2", "json.trailing"),
    ("{} x", "json.trailing"), ("null\0", "json.trailing"), ("\u{FEFF}1", "json.syntax"),
    (#""abc"#, "json.syntax"), (#""a\"#, "json.syntax"), (#""\x""#, "json.string"),
    (#""\u12""#, "json.string"), (#""\u12g4""#, "json.string"), (#""\ud800""#, "json.string"),
    (#""\udc00""#, "json.string"), (#""\ud800\ud800""#, "json.string"),
    (#""\ud800x""#, "json.string"), ("\"a\nb\"", "json.string"), ("\"\0\"", "json.string"),
    (#"{"a":1,"a":2}"#, "json.duplicate_key"), (#"{"a":1,"\u0061":2}"#, "json.duplicate_key"),
    (#"{"b":{"a":1,"a":1}}"#, "json.duplicate_key"),
  ]

  @Test(arguments: refused) func refuses(text: String, code: String) {
    #expect(throws: Failure(.badInput, code: code, "")) { try JSONValue(parsing: text) }
  }

  @Test func refusesWhatIsNotUTF8() {
    let bad: [[UInt8]] = [[0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xE2, 0x82]]
    for bytes in bad {
      #expect(throws: Failure(.badInput, code: "json.utf8", "")) {
        try JSONValue(parsing: [UInt8(ascii: "\"")] + bytes + [UInt8(ascii: "\"")])
      }
    }
  }

  @Test func limitsHold() throws {
    let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    _ = try JSONValue(parsing: deep)
    #expect(throws: Failure(.badInput, code: "json.depth", "")) {
      try JSONValue(parsing: "[" + deep + "]")
    }
    #expect(throws: Failure(.badInput, code: "json.depth", "")) {
      try JSONValue(parsing: String(repeating: #"{"a":"#, count: 100_000))
    }
    var limits = JSONLimits()
    limits.byteCount = 4
    limits.valueCount = 2
    #expect(throws: Failure(.badInput, code: "json.size", "")) {
      try JSONValue(parsing: "[1,2]", limits: limits)
    }
    limits.byteCount = 5
    #expect(throws: Failure(.badInput, code: "json.size", "")) {
      try JSONValue(parsing: "[1,2]", limits: limits)
    }
  }

  @Test func errorsNameTheByte() throws {
    let failure = #expect(throws: Failure.self) { try JSONValue(parsing: #"{"a": x}"#) }
    #expect(failure?.place == "byte 6")
  }

  /// The parser answers any damaged text, and can write and reread what it accepts.
  @Test func mutatedTextsNeverTrap() throws {
    var random = SeededRandom(seed: 41)
    let seedText = #"{"a":[1,-2.5e3,"x\u00e9\n",{"b":null}],"c":true,"d":"\ud83d\ude00"}"#
    let original = Array(seedText.utf8)
    var accepted = 0
    for _ in 0..<3000 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let at = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: at)
        default: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &random)], at: at)
        }
      }
      guard let value = try? JSONValue(parsing: bytes) else { continue }
      accepted += 1
      #expect(try JSONValue(parsing: value.text(.pretty)) == value)
    }
    #expect(accepted > 0)
  }
}
