import Bytes
import HDF5Checkpoint
import JSON
import Tensors
import TestSupport
import Testing

/// Files that h5py wrote, and what h5py reads from them.
@Suite struct GoodFileTests {
  static let files = [
    "flat", "nested", "model", "state_dict", "beside", "types", "bfloat16", "edges", "chunked",
    "tied", "compact", "annotated", "compressed", "checked", "new-format",
    "keras", "opaque",
  ]

  private func expected(_ file: String) throws -> JSONValue {
    let bytes = try #require(fileBytes(fixturePath("good/expected.json")))
    return try JSONValue(parsing: bytes).required(file)
  }

  @Test(arguments: files) func tensorsAreWhatH5pyReads(file: String) throws {
    let checkpoint = try HDF5Checkpoint(path: fixturePath("good/\(file).h5"))
    let expected = try #require(try expected(file).object)
    #expect(Set(checkpoint.names) == Set(expected.map(\.key)))
    #expect(checkpoint.names.count == expected.count)
    for (name, value) in expected {
      let description = try #require(checkpoint.description(of: name), "\(name)")
      #expect(description.dtype.name == (try value.requiredString("dtype")), "\(name)")
      #expect(description.shape.dimensions == (try value.requiredInts("shape")), "\(name)")
      #expect(description.layer == value["layer"]?.string, "\(name)")
      let tensor = try checkpoint.tensor(name)
      #expect(tensor.dtype == description.dtype && tensor.shape == description.shape)
      let checksum = tensor.withUnsafeBytes { Int(CRC32.checksum($0)) }
      #expect(checksum == (try value.requiredInt("crc32")), "\(file) \(name)")
    }
  }

  @Test func bytesInMemoryReadAsTheFileDoes() throws {
    let bytes = try #require(fileBytes(fixturePath("good/flat.h5")))
    let storage = ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
    let fromMemory = try HDF5Checkpoint(storage: storage)
    let fromFile = try HDF5Checkpoint(path: fixturePath("good/flat.h5"))
    #expect(fromMemory.names == fromFile.names)
    #expect(
      try fromMemory.tensor("memory.scale").floats() == fromFile.tensor("memory.scale").floats())
  }

  @Test func missingTensorsAndFilesAreNamed() throws {
    let checkpoint = try HDF5Checkpoint(path: fixturePath("good/flat.h5"))
    #expect(throws: failure("tensor.missing")) { try checkpoint.tensor("nothing") }
    #expect(checkpoint.description(of: "nothing") == nil)
    #expect(throws: failure("file.missing")) {
      try HDF5Checkpoint(path: fixturePath("good/nothing.h5"))
    }
  }
}
