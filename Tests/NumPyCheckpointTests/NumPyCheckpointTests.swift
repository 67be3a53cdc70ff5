import Bytes
import NumPyCheckpoint
import Tensors
import TestSupport
import Testing
import Zip

/// Archives of arrays, written here as NumPy writes them.
@Suite struct NumPyCheckpointTests {
  /// A `.npy` array.
  static func array(
    _ type: String, _ shape: String, _ data: [UInt8], fortran: Bool = false, version: UInt8 = 1
  ) -> [UInt8] {
    array(
      "{'descr': '\(type)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), }",
      data, version: version)
  }

  static func array(_ text: String, _ data: [UInt8], version: UInt8 = 1) -> [UInt8] {
    var header = Array(text.utf8)
    while (header.count + 11) % 64 != 0 { header.append(UInt8(ascii: " ")) }
    header.append(UInt8(ascii: "\n"))
    let length =
      version == 1
      ? littleEndianBytes(UInt16(header.count)) : littleEndianBytes(UInt32(header.count))
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + header + data
  }

  static func open(_ entries: [(String, [UInt8])]) throws -> NumPyCheckpoint {
    var archive = StoredArchive()
    for (name, data) in entries { archive.append(name, data) }
    let bytes = archive.bytes
    let storage = ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
    let zip = try ZipArchive(storage)
    #expect(NumPyCheckpoint.recognizes(zip))
    return try NumPyCheckpoint(zip)
  }

  @Test func arraysAreTensors() throws {
    let one = littleEndianBytes(Float(1.5).bitPattern)
    let checkpoint = try Self.open([
      ("a.weight.npy", Self.array("<f4", "(1, 1)", one)),
      ("b/bias.npy", Self.array("<f2", "(2,)", [0, 0x3C, 0, 0xC0], version: 2)),
      ("scalar.npy", Self.array("<f8", "()", littleEndianBytes(Double(2).bitPattern))),
      ("flags.npy", Self.array("|b1", "(3,)", [0, 1, 1], version: 3)),
      ("empty.npy", Self.array("<i8", "(0, 7)", [])),
      (
        "old.npy",
        Self.array("{\"descr\":\"|u1\",\"fortran_order\":False,\"shape\":(2L,)}", [7, 8])
      ),
      ("brain.npy", Self.array("<V2", "(1,)", [0x80, 0x3F])),
    ])
    #expect(
      checkpoint.names == ["a.weight", "b.bias", "scalar", "flags", "empty", "old", "brain"])
    #expect(try checkpoint.tensor("a.weight").floats() == [1.5])
    #expect(try checkpoint.tensor("b.bias").floats() == [1, -2])
    #expect(try checkpoint.tensor("scalar").shape == [])
    #expect(try checkpoint.tensor("scalar").floats() == [2])
    #expect(checkpoint.description(of: "flags")?.dtype == .bool)
    #expect(try checkpoint.tensor("empty").shape == [0, 7])
    #expect(try checkpoint.tensor("old").floats() == [7, 8])
    #expect(try checkpoint.tensor("brain").floats() == [1])
    #expect(checkpoint.notes.count == 1)
    #expect(throws: failure("tensor.missing")) { try checkpoint.tensor("none") }
    try checkpoint.verify()
  }

  /// `numpy.savez(path, w=matrix.T)` keeps the memory of the matrix and records that.
  @Test func columnsComeInRowOrder() throws {
    let checkpoint = try Self.open([
      ("m.npy", Self.array("|u1", "(2, 3)", [1, 2, 3, 4, 5, 6], fortran: true)),
      ("c.npy", Self.array("|u1", "(2, 2, 2)", [1, 2, 3, 4, 5, 6, 7, 8], fortran: true)),
      ("v.npy", Self.array("|u1", "(3,)", [1, 2, 3], fortran: true)),
    ])
    #expect(try checkpoint.tensor("m").floats() == [1, 3, 5, 2, 4, 6])
    #expect(try checkpoint.tensor("c").floats() == [1, 5, 3, 7, 2, 6, 4, 8])
    #expect(try checkpoint.tensor("v").floats() == [1, 2, 3])
  }

  static let hostile: [(label: String, code: String, bytes: [UInt8])] = [
    ("nothing", "npy.header", []),
    ("no magic", "npy.header", [UInt8](repeating: 0x41, count: 80)),
    ("version 4", "npy.header", array("|u1", "(1,)", [0], version: 4)),
    ("version 0", "npy.header", array("|u1", "(1,)", [0], version: 0)),
    ("cut header", "npy.header", Array(array("|u1", "(1,)", [0]).prefix(40))),
    (
      "header longer than the file", "npy.header",
      [0x93] + Array("NUMPY".utf8) + [2, 0, 0xFF, 0xFF, 0xFF, 0xFF]
    ),
    ("no dictionary", "npy.header", array("[1, 2]", [])),
    ("open dictionary", "npy.header", array("{'descr': '|u1'", [])),
    ("open string", "npy.header", array("{'descr': '|u1", [])),
    ("missing key", "npy.header", array("{'descr': '|u1', 'shape': (1,), }", [0])),
    (
      "a key twice", "npy.header",
      array("{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", [0])
    ),
    (
      "another key", "npy.header",
      array("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'x': (1,)}", [0])
    ),
    (
      "code after the dictionary", "npy.header",
      array("{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}; exit()", [0])
    ),
    ("a call", "npy.header", array("|u1", "(int(1),)", [0])),
    ("a negative size", "npy.header", array("|u1", "(-1,)", [0])),
    ("a huge number", "npy.header", array("|u1", "(99999999999999999999,)", [0])),
    ("sizes that overflow", "tensor.shape", array("|u1", "(4294967296, 4294967296)", [0])),
    ("nine axes", "tensor.rank", array("|u1", "(1, 1, 1, 1, 1, 1, 1, 1, 1)", [0])),
    (
      "axes without end", "npy.header",
      array("|u1", "(" + String(repeating: "1, ", count: 2000) + ")", [0])
    ),
    ("objects", "npy.dtype", array("|O", "(1,)", [0])),
    ("big-endian", "npy.dtype", array(">f4", "(1,)", [0, 0, 0, 0])),
    ("complex", "npy.dtype", array("<c8", "(1,)", [UInt8](repeating: 0, count: 8))),
    ("text", "npy.dtype", array("<U3", "(1,)", [UInt8](repeating: 0, count: 12))),
    ("records", "npy.header", array("{'descr': [('a', '<f4')], 'fortran_order': False}", [])),
    ("too few bytes", "npy.size", array("<f4", "(2,)", [0, 0, 0, 0])),
    ("too many bytes", "npy.size", array("<f4", "(1,)", [UInt8](repeating: 0, count: 8))),
  ]

  @Test(arguments: hostile) func eachMeetsItsError(label: String, code: String, bytes: [UInt8]) {
    #expect(throws: failure(code), "\(label)") { try Self.open([("w.npy", bytes)]) }
  }

  @Test func namesAreChecked() {
    let array = Self.array("|u1", "(1,)", [0])
    for name in [".npy", "a\u{7F}.npy", String(repeating: "a", count: 600) + ".npy"] {
      let caught = #expect(throws: Failure.self) { try Self.open([(name, array)]) }
      #expect(["npz.name", "zip.bad_name"].contains(caught?.code))
    }
    #expect(throws: failure("npz.name_collision")) {
      try Self.open([("a/b.npy", array), ("a.b.npy", array)])
    }
  }

  /// Bytes anywhere in a right file.
  @Test func flippedBytesAreAnswered() throws {
    var random = SeededRandom(seed: 11)
    var archive = StoredArchive()
    archive.append("w.npy", Self.array("<f4", "(4,)", [UInt8](repeating: 9, count: 16)))
    let whole = archive.bytes
    for _ in 0..<2000 {
      var bytes = whole
      bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(
        in: 0...255, using: &random)
      let storage = ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
      do throws(Failure) {
        try NumPyCheckpoint(try ZipArchive(storage)).verify()
      } catch {
        #expect(error.kind == .badInput)
      }
    }
  }
}
