import Bytes
import JSON
import Tensors
import TestSupport
import Testing
import TorchCheckpoint

/// Files that torch reads, against what torch reads from them.
@Suite struct GoodFileTests {
  /// The tensors that torch saw, one list per file.
  static func expected() throws -> [(key: String, value: JSONValue)] {
    let storage = try MappedFile.open(fixturePath("good/expected.json"))
    return try JSONValue(parsing: storage).object ?? []
  }

  private func open(_ file: String) throws -> TorchCheckpoint {
    try TorchCheckpoint(storage: try MappedFile.open(fixturePath("good/" + file)))
  }

  @Test func equalTorchBitForBit() throws {
    let files = try GoodFileTests.expected()
    #expect(
      files.map(\.key) + ["expected.json"]
        == folderNames(fixturePath("good")).sorted {
          ($0 == "expected.json" ? 1 : 0, $0) < ($1 == "expected.json" ? 1 : 0, $1)
        })
    for (file, rows) in files {
      let checkpoint = try open(file)
      try checkpoint.verify()
      let tensors = try #require(rows.array)
      #expect(checkpoint.names == tensors.compactMap { $0["name"]?.string }, "\(file)")
      for row in tensors {
        let name = try row.requiredString("name")
        let tensor = try checkpoint.tensor(name)
        #expect(torchName(tensor.dtype) == row["dtype"]?.string, "\(file) \(name)")
        #expect(tensor.shape.dimensions == (try row.requiredInts("shape")), "\(file) \(name)")
        #expect(
          checkpoint.description(of: name)
            == TensorDescription(dtype: tensor.dtype, shape: tensor.shape))
        let hex = tensor.withUnsafeBytes { $0.map { hexadecimal($0).dropFirst(2) }.joined() }
        #expect(hex == row["bytes"]?.string, "\(file) \(name)")
      }
    }
  }

  private func torchName(_ dtype: DType) -> String {
    switch dtype {
    case .float32: "float32"
    case .float16: "float16"
    case .bfloat16: "bfloat16"
    case .float64: "float64"
    case .int8: "int8"
    case .uint8: "uint8"
    case .int16: "int16"
    case .int32: "int32"
    case .int64: "int64"
    case .bool: "bool"
    }
  }

  @Test func contiguousTensorsAreViewsOfTheFile() throws {
    let storage = try MappedFile.open(fixturePath("good/transposed.pt"))
    let checkpoint = try TorchCheckpoint(storage: storage)
    #expect(try checkpoint.tensor("model.rows").storage === storage)
    #expect(try checkpoint.tensor("model.t").storage !== storage)
    let shared = try open("shared.pt")
    #expect(
      try shared.tensor("model.head").byteOffset == shared.tensor("model.embedding").byteOffset)
  }

  @Test func notesNameObjectsWithoutTensors() throws {
    #expect(try open("fp32.pt").notes == [])
    #expect(
      try open("training.pt").notes == [
        "left out, since they hold no tensors: \"epoch\", \"best\", \"name\", \"done\", "
          + "\"nothing\", \"list\", \"steps\""
      ])
  }

  @Test func factsAboutTheArchive() throws {
    let checkpoint = try open("unicode-folder.pt")
    #expect(checkpoint.topFolder == "modèle 2")
    #expect(checkpoint.entryCount == (try open("fp32.pt").entryCount))
    #expect(checkpoint.description(of: "none") == nil)
    #expect(throws: Failure(.badInput, code: "tensor.missing", "")) {
      try checkpoint.tensor("none")
    }
  }
}
