import Bytes
import SafetensorsCheckpoint
import Tensors
import TestSupport
import Testing

@Suite struct WriterTests {
  @Test func writesTheBytesThatPythonWrites() throws {
    // In another order than the file's: the writer sorts.
    let tensors = MemoryTensors(PythonSample.tensors.reversed())
    let bytes = try SafetensorsWriter.encode(tensors, metadata: ["format": "pt"])
    #expect(bytes == PythonSample.bytes)
  }

  @Test func emptyCollectionsAndMetadataAreWritten() throws {
    let nothing = MemoryTensors([(String, Tensor)]())
    #expect(try SafetensorsWriter.encode(nothing) == file("{}      "))
    let bytes = try SafetensorsWriter.encode(nothing, metadata: ["b": "2", "a": "\u{1B}é"])
    #expect(bytes.count % 8 == 0)
    #expect(try checkpoint(bytes).metadata.map(\.key) == ["a", "b"])
    #expect(try checkpoint(bytes).metadata.map(\.value) == ["\u{1B}é", "2"])
  }

  @Test func theFileIsTheSameAsInMemory() throws {
    let tensors = MemoryTensors(PythonSample.tensors)
    try withTemporaryFolder { folder in
      let path = folder + "/out.safetensors"
      var last = 0
      let count = try SafetensorsWriter.write(
        tensors, metadata: ["format": "pt"], to: path, replaceExisting: false
      ) { done, total in
        #expect(done <= total)
        last = done
      }
      #expect(fileBytes(path) == PythonSample.bytes)
      #expect(count == PythonSample.bytes.count && last == count)
      let thrown = #expect(throws: Failure.self) {
        try SafetensorsWriter.write(tensors, to: path, replaceExisting: false)
      }
      #expect(thrown?.code == "output.exists")
      #expect(folderNames(folder) == ["out.safetensors"])
    }
  }

  @Test(arguments: ["", "__metadata__", "a\nb", String(repeating: "n", count: 1025)])
  func impossibleNamesAreRefused(name: String) throws {
    let tensors = MemoryTensors([(name, Tensor([Float(1)], shape: [1]))])
    #expect(throws: failure("st.name")) { try SafetensorsWriter.encode(tensors) }
    try withTemporaryFolder { folder in
      #expect(throws: failure("st.name")) {
        try SafetensorsWriter.write(tensors, to: folder + "/a", replaceExisting: false)
      }
      #expect(folderNames(folder).isEmpty)
    }
  }
}
