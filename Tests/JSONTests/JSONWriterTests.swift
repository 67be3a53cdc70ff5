import Bytes
import JSON
import TestSupport
import Testing

@Suite struct JSONWriterTests {
  private let value: JSONValue = [
    "b": [1, 2.5, .null], "a": ["y": true, "x": "q\"\\\n\u{1}é"], "c": [], "d": [:],
  ]

  @Test func layouts() {
    #expect(
      value.text() == #"{"b":[1,2.5,null],"a":{"y":true,"x":"q\"\\\n\u0001é"},"c":[],"d":{}}"#)
    #expect(
      value.text(.canonical)
        == #"{"a":{"x":"q\"\\\n\u0001é","y":true},"b":[1,2.5,null],"c":[],"d":{}}"#)
    #expect(
      JSONValue.object([(key: "a", value: [1])]).text(.pretty) == "{\n  \"a\": [\n    1\n  ]\n}")
  }

  @Test func numbersReadBackAsTheSameBits() throws {
    var random = SeededRandom(seed: 5)
    let special: [Double] = [
      0, -0.0, 1, 0.1, 1e21, 1e-7, .pi, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
    ]
    let arbitrary = (0..<500).map { _ in Double(bitPattern: random.next()) }.filter(\.isFinite)
    for number in special + arbitrary {
      let back = try JSONValue(parsing: JSONValue(number).text())
      #expect(back.double?.bitPattern == number.bitPattern)
    }
    #expect(JSONValue(Int.min).text() == "-9223372036854775808")
    #expect(JSONValue(Double.nan).text() == "null")
  }

  @Test func requiredMembersNameWhatIsWrong() throws {
    let value: JSONValue = ["name": "x", "sizes": [1, 2], "scale": 2]
    #expect(try value.requiredString("name") == "x")
    #expect(try value.requiredInts("sizes") == [1, 2])
    #expect(try value.requiredDouble("scale") == 2)
    #expect(throws: Failure(.badInput, code: "json.missing", "")) {
      try value.requiredInt("count")
    }
    #expect(throws: Failure(.badInput, code: "json.type", "")) { try value.requiredInt("name") }
    #expect(throws: Failure(.badInput, code: "json.type", "")) {
      try value.required("sizes").requiredInt("x")
    }
  }
}
