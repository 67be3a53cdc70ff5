import Bytes
import Checkpoints
import Tensors
import TestSupport
import Testing

@Suite struct SafetensorsOpeningTests {
  private static func file(_ names: [String]) -> [UInt8] {
    let rows = names.enumerated().map { index, name in
      #""\#(name)":{"dtype":"I8","shape":[],"data_offsets":[\#(index),\#(index + 1)]}"#
    }
    let header = Array("{\(rows.joined(separator: ","))}".utf8)
    return littleEndianBytes(UInt64(header.count)) + header + names.indices.map { UInt8($0) }
  }

  private static func open(_ bytes: [UInt8]) throws -> OpenedCheckpoint {
    try Checkpoint.open(ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) })
  }

  @Test func opensByContent() throws {
    let opened = try SafetensorsOpeningTests.open(SafetensorsOpeningTests.file(["a", "b"]))
    #expect(opened.format == .safetensors)
    #expect(opened.tensors.names == ["a", "b"])
    #expect(opened.details.map(\.label) == ["header bytes"])
    #expect(opened.notes.isEmpty && opened.shards.isEmpty)
  }

  @Test func theReaderReportsWhyItRefuses() throws {
    let bytes = SafetensorsOpeningTests.file(["a"])
    #expect(throws: failure("st.size")) { try SafetensorsOpeningTests.open(bytes + [0]) }
    // A header as long as the format allows, and one byte more, in a file that is shorter.
    let declared = littleEndianBytes(UInt64(100_000_001)) + Array("{}".utf8)
    #expect(throws: failure("st.header_size")) { try SafetensorsOpeningTests.open(declared) }
  }

  @Test func shardsAreBesideTheirIndex() throws {
    let index = Array(#"{"metadata":{},"weight_map":{"a":"x.safetensors"}}"#.utf8)
    try withTemporaryFolder { folder in
      let path = folder + "/model.safetensors.index.json"
      try AtomicFile.write(path: path, replaceExisting: false) { try $0.write(index) }
      let thrown = #expect(throws: Failure.self) { try Checkpoint.open(path) }
      #expect(thrown?.code == "st.index_shard" && thrown?.kind == .badInput)
      #expect(thrown?.file == folder + "/x.safetensors")

      let shard = SafetensorsOpeningTests.file(["a"])
      try AtomicFile.write(path: folder + "/x.safetensors", replaceExisting: false) {
        try $0.write(shard)
      }
      let opened = try Checkpoint.open(path)
      #expect(opened.format == .safetensorsIndex)
      #expect(opened.tensors.names == ["a"])
      #expect(opened.shards.map(\.name) == ["x.safetensors"])
      #expect(opened.byteCount == index.count + shard.count)
    }
    #expect(throws: failure("st.index_shard")) { try SafetensorsOpeningTests.open(index) }
  }
}
