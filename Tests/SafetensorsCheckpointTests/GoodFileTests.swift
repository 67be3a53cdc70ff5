import Bytes
import SafetensorsCheckpoint
import Tensors
import TestSupport
import Testing

/// Files that must be accepted.
@Suite struct GoodFileTests {
  @Test func readsWhatPythonWrites() throws {
    let checkpoint = try checkpoint(PythonSample.bytes)
    #expect(checkpoint.names == PythonSample.tensors.map(\.0))
    #expect(checkpoint.metadata.map(\.key) == ["format"])
    #expect(checkpoint.metadata.map(\.value) == ["pt"])
    #expect(checkpoint.headerByteCount == PythonSample.header.utf8.count)
    for (name, dtype, shape, expected) in PythonSample.tensors {
      let tensor = try checkpoint.tensor(name)
      #expect(
        checkpoint.description(of: name) == TensorDescription(dtype: dtype, shape: shape))
      #expect(tensor.dtype == dtype && tensor.shape == shape)
      #expect(bytes(of: tensor) == expected, "\(name)")
    }
    try checkpoint.verify()
  }

  @Test func subnormalsKeepTheirBits() throws {
    let checkpoint = try checkpoint(PythonSample.bytes)
    #expect(try checkpoint.tensor("f16").floats() == [1, 0x1p-24])
    #expect(try checkpoint.tensor("bf16").floats() == [Float(bitPattern: 0x1_0000)])
  }

  @Test(arguments: 0..<8) func dataMayStartAtAnyByte(padding: Int) throws {
    let header = oneTensor() + String(repeating: " ", count: padding)
    let checkpoint = try checkpoint(file(header, data: [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0]))
    #expect(try checkpoint.tensor("a").floats() == [1, -2])
  }

  @Test(arguments: ["", "\n", "\t \r\n", String(repeating: " ", count: 4096)])
  func paddingIsWhitespace(padding: String) throws {
    #expect(try checkpoint(file(oneTensor() + padding, data: zeros(8))).names == ["a"])
  }

  static let accepted: [(String, [UInt8])] = [
    ("no tensors", file("{}")),
    ("only metadata", file(#"{"__metadata__":{}}"#)),
    ("a scalar", file(oneTensor(shape: "[]", offsets: "[0,4]"), data: zeros(4))),
    ("an empty tensor", file(oneTensor(shape: "[3,0]", offsets: "[0,0]"))),
    (
      "an escaped name",
      file(#"{"\u0061":{"dtype":"I8","shape":[],"data_offsets":[0,1]}}"#, data: [1])
    ),
    (
      "members in another order",
      file(#"{"a":{"data_offsets":[0,1],"shape":[1],"dtype":"BOOL"}}"#, data: [1])
    ),
    (
      "a header in another order than the data",
      file(
        #"{"b":{"dtype":"I8","shape":[],"data_offsets":[1,2]},"#
          + #""a":{"dtype":"I8","shape":[],"data_offsets":[0,1]}}"#, data: [1, 2])
    ),
    (
      "empty tensors beside each other",
      file(
        #"{"a":{"dtype":"I8","shape":[0],"data_offsets":[1,1]},"#
          + #""b":{"dtype":"I8","shape":[1],"data_offsets":[0,1]},"#
          + #""c":{"dtype":"I8","shape":[0],"data_offsets":[1,1]},"#
          + #""d":{"dtype":"I8","shape":[0],"data_offsets":[0,0]}}"#, data: [1])
    ),
    (
      "a long name",
      file(
        #"{"\#(String(repeating: "n", count: 1024))":{"dtype":"I8","shape":[],"#
          + #""data_offsets":[0,1]}}"#, data: [1])
    ),
    (
      "a name with folders",
      file(#"{"../__proto__":{"dtype":"I8","shape":[],"data_offsets":[0,1]}}"#, data: [1])
    ),
  ]

  @Test(arguments: accepted) func accepts(label: String, bytes: [UInt8]) throws {
    let checkpoint = try checkpoint(bytes)
    try checkpoint.verify()
    #expect(checkpoint.names.allSatisfy { checkpoint.description(of: $0) != nil })
  }

  @Test func longMetadataIsAccepted() throws {
    let text = String(repeating: "x", count: 1 << 20)
    let checkpoint = try checkpoint(file(#"{"__metadata__":{"note":"\#(text)\u001b[2J"}}"#))
    #expect(checkpoint.metadata.first?.value.utf8.count == (1 << 20) + 4)
  }

  @Test func tensorsShareTheFile() throws {
    let bytes = PythonSample.bytes
    let storage = ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
    let checkpoint = try SafetensorsCheckpoint(storage: storage)
    #expect(try checkpoint.tensor("i64").storage === storage)
    #expect(throws: failure("tensor.missing")) { try checkpoint.tensor("none") }
    #expect(checkpoint.description(of: "__metadata__") == nil)
  }
}
