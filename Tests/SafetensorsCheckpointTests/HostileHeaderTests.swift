import Bytes
import SafetensorsCheckpoint
import TestSupport
import Testing

/// The answer that each kind of bad file must have.
@Suite struct HostileHeaderTests {
  /// Everything is right but one thing; `Formats/safetensors.md` lists the codes.
  static let filesByCode: [String: [(String, [UInt8])]] = [
    "st.header_size": [
      ("no bytes but one", [0]),
      ("seven bytes", zeros(7)),
      ("no header", zeros(8)),
      ("one byte of header", file("{")),
      ("header beyond the file", file(oneTensor(), length: 1000)),
      ("header one byte beyond the file", file("{}", length: 3)),
      ("2^63", file("{}", length: 1 << 63)),
      ("2^64 - 1", file("{}", length: .max)),
      ("100 MB and one byte", file("{}", length: 100_000_001)),
    ],
    "st.header_limit": [
      (
        "17 MB of spaces",
        file(Array("{}".utf8) + [UInt8](repeating: 0x20, count: 17 << 20))
      )
    ],
    "st.json": [
      ("not UTF-8", file(Array(#"{""#.utf8) + [0xFF] + Array(#"":1}"#.utf8))),
      ("overlong UTF-8", file(Array(#"{""#.utf8) + [0xC0, 0x80] + Array(#"":1}"#.utf8))),
      ("byte order mark", file([0xEF, 0xBB, 0xBF] + Array("{}".utf8))),
      ("leading space", file(" " + oneTensor(), data: zeros(8))),
      ("padding of zeros", file(Array(oneTensor().utf8) + [0, 0], data: zeros(8))),
      ("text after the object", file("{} x")),
      ("two objects", file("{}{}")),
      ("trailing comma", file(#"{"__metadata__":{},}"#)),
      ("comment", file(#"{/**/}"#)),
      ("single quotes", file("{'a':{}}")),
      ("NaN", file(oneTensor(shape: "[NaN]"), data: zeros(8))),
      ("plus sign", file(oneTensor(shape: "[+2]"), data: zeros(8))),
      ("control character in a name", file("{\"a\nb\":{}}")),
      ("half a surrogate pair", file(#"{"\ud800":{}}"#)),
      ("an array", file("[1]")),
      ("a string", file(#""a""#)),
      ("nested deeply", file(#"{"a":{"shape":[[[[1]]]]}}"#)),
      ("cut in the middle", file(String(oneTensor().dropLast(4)), data: zeros(8))),
    ],
    "st.json_number": [
      ("exponent", file(oneTensor(shape: "[2e0]"), data: zeros(8))),
      ("fraction", file(oneTensor(shape: "[2.0]"), data: zeros(8))),
      ("minus zero", file(oneTensor(offsets: "[-0,8]"), data: zeros(8))),
      ("leading zero", file(oneTensor(shape: "[02]"), data: zeros(8))),
      ("40 digits", file(oneTensor(shape: "[\(String(repeating: "9", count: 40))]"))),
      ("2^63", file(oneTensor(shape: "[9223372036854775808]"))),
      ("2^64 - 2", file(oneTensor(shape: "[2,18446744073709551614]"))),
      ("offset with a fraction", file(oneTensor(offsets: "[0,8.5]"), data: zeros(8))),
    ],
    "st.duplicate_key": [
      ("tensor", file(#"{"a":{"dtype":"I8","shape":[0],"data_offsets":[0,0]},"a":{}}"#)),
      ("escaped tensor", file(#"{"a":{},"\u0061":{}}"#)),
      ("dtype", file(#"{"a":{"dtype":"I8","dtype":"I8","shape":[],"data_offsets":[0,1]}}"#)),
      ("metadata", file(#"{"__metadata__":{},"__metadata__":{}}"#)),
      ("key of metadata", file(#"{"__metadata__":{"a":"1","a":"2"}}"#)),
    ],
    "st.metadata": [
      ("number", file(#"{"__metadata__":{"a":1}}"#)),
      ("nested", file(#"{"__metadata__":{"a":{}}}"#)),
      ("null", file(#"{"__metadata__":null}"#)),
      ("string", file(#"{"__metadata__":"pt"}"#)),
      ("like a tensor", file(#"{"__metadata__":{"dtype":"I8","shape":[],"data_offsets":[0,0]}}"#)),
    ],
    "st.name": [
      ("empty", file(#"{"":{}}"#)),
      ("too long", file(#"{"\#(String(repeating: "n", count: 1025))":{}}"#)),
      ("a megabyte", file(#"{"\#(String(repeating: "n", count: 1 << 20))":{}}"#)),
      ("NUL", file(#"{"a\u0000":{}}"#)),
      ("line feed", file(#"{"a\nb":{}}"#)),
      ("escape", file(#"{"\u001b[2J":{}}"#)),
      ("right to left", file(#"{"\u202egpj":{}}"#)),
    ],
    "st.entry": [
      ("a number", file(#"{"a":1}"#)),
      ("null", file(#"{"a":null}"#)),
      ("no dtype", file(#"{"a":{"shape":[],"data_offsets":[0,0]}}"#)),
      ("no shape", file(#"{"a":{"dtype":"I8","data_offsets":[0,0]}}"#)),
      ("no offsets", file(#"{"a":{"dtype":"I8","shape":[0]}}"#)),
      ("one more", file(#"{"a":{"dtype":"I8","shape":[0],"data_offsets":[0,0],"strides":[1]}}"#)),
    ],
    "st.dtype": [
      ("unknown", file(oneTensor(dtype: #""I4""#), data: zeros(8))),
      ("small letters", file(oneTensor(dtype: #""f32""#), data: zeros(8))),
      ("float8", file(oneTensor(dtype: #""F8_E4M3FNUZ""#, offsets: "[0,2]"), data: zeros(2))),
      ("unsigned 32", file(oneTensor(dtype: #""U32""#), data: zeros(8))),
      ("a number", file(oneTensor(dtype: "7"), data: zeros(8))),
      ("empty", file(oneTensor(dtype: #""""#), data: zeros(8))),
    ],
    "st.shape": [
      ("negative", file(oneTensor(shape: "[-2]"), data: zeros(8))),
      ("string", file(oneTensor(shape: #"["2"]"#), data: zeros(8))),
      ("null", file(oneTensor(shape: "[null]"), data: zeros(8))),
      ("nested", file(oneTensor(shape: "[[2]]"), data: zeros(8))),
      ("not a list", file(oneTensor(shape: "2"), data: zeros(8))),
      ("2^63 - 1", file(oneTensor(shape: "[2,9223372036854775807]"), data: zeros(8))),
      ("2^32 squared", file(oneTensor(shape: "[4294967296,4294967296]"), data: zeros(8))),
      ("2^41", file(oneTensor(shape: "[2199023255552]"), data: zeros(8))),
      ("nine axes", file(oneTensor(shape: "[2,1,1,1,1,1,1,1,1]"), data: zeros(8))),
    ],
    "st.offsets": [
      ("reversed", file(oneTensor(offsets: "[8,0]"), data: zeros(8))),
      ("one", file(oneTensor(offsets: "[8]"), data: zeros(8))),
      ("three", file(oneTensor(offsets: "[0,4,8]"), data: zeros(8))),
      ("negative", file(oneTensor(offsets: "[-8,0]"), data: zeros(8))),
      ("strings", file(oneTensor(offsets: #"["0","8"]"#), data: zeros(8))),
      ("too few bytes", file(oneTensor(offsets: "[0,4]"), data: zeros(4))),
      ("too many bytes", file(oneTensor(offsets: "[0,16]"), data: zeros(16))),
      ("beyond everything", file(oneTensor(offsets: "[0,9223372036854775807]"), data: zeros(8))),
    ],
    "st.hole": [
      ("at the start", file(oneTensor(offsets: "[8,16]"), data: zeros(16))),
      ("far away", file(oneTensor(offsets: "[9223372036854775799,9223372036854775807]"))),
      ("between", file(two("[0,8]", "[9,17]"), data: zeros(17))),
    ],
    "st.overlap": [
      ("the same bytes", file(two("[0,8]", "[0,8]"), data: zeros(8))),
      ("one byte", file(two("[0,8]", "[7,15]"), data: zeros(15))),
      ("ten on one", file(ten, data: zeros(16))),
      (
        "an empty one inside",
        file(
          #"{"a":{"dtype":"I8","shape":[2],"data_offsets":[0,2]},"#
            + #""b":{"dtype":"I8","shape":[0],"data_offsets":[1,1]}}"#, data: zeros(2))
      ),
    ],
    "st.size": [
      ("one byte short", file(oneTensor(), data: zeros(7))),
      ("no data", file(oneTensor())),
      ("one byte more", file(oneTensor(), data: zeros(9))),
      ("another file after it", file(oneTensor(), data: zeros(8) + Array("PK".utf8))),
      ("data without tensors", file("{}", data: [0])),
    ],
    "model.too_many_tensors": [("100,001", file(tensors(100_001)))],
  ]

  /// The time that a refusal may take, with room for a busy machine.
  private static let timeBudget = Duration.seconds(2)

  private static func two(_ first: String, _ second: String) -> String {
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":\#(first)},"#
      + #""b":{"dtype":"F32","shape":[2],"data_offsets":\#(second)}}"#
  }

  private static var ten: String {
    let rows = (0..<10).map { #""t\#($0)":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}"# }
    return "{\(rows.joined(separator: ","))}"
  }

  private static func tensors(_ count: Int) -> String {
    "{" + (0..<count).map { #""\#($0)":0"# }.joined(separator: ",") + "}"
  }

  @Test(arguments: filesByCode.keys.sorted()) func isRefused(code: String) throws {
    for (label, bytes) in HostileHeaderTests.filesByCode[code] ?? [] {
      let start = ContinuousClock.now
      let thrown = #expect(throws: Failure.self, "\(label)") { try checkpoint(bytes) }
      #expect(ContinuousClock.now - start < HostileHeaderTests.timeBudget, "\(label)")
      #expect(thrown?.code == code, "\(label)")
      #expect(thrown?.kind == .badInput)
      // Names of a stranger's file must not reach the terminal raw, nor fill it.
      let line = thrown?.description ?? ""
      #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 }, "\(label)")
      #expect(line.utf8.count < 2000, "\(label)")
    }
  }

  /// Each bad file must be bad for its one reason only.
  @Test func theTemplatesThemselvesAreGood() throws {
    #expect(try checkpoint(file(oneTensor(), data: zeros(8))).names == ["a"])
    let both = file(HostileHeaderTests.two("[0,8]", "[8,16]"), data: zeros(16))
    #expect(try checkpoint(both).names == ["a", "b"])
  }
}
