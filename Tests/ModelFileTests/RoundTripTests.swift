import Bytes
import Glibc
import Graph
import JSON
import ModelFile
import Tensors
import TestSupport
import Testing

@Suite struct RoundTripTests {
  @Test func everyOperatorIsInTheSample() throws {
    let model = try SampleModels.full()
    let names = Set(model.graphs.flatMap(\.nodes).map(\.op.name))
    #expect(names == Set(OperatorKind.allCases.map(\.rawValue)))
    let dtypes = Set(model.weights.names.compactMap { model.weights[$0]?.dtype })
    #expect(dtypes == Set(DType.allCases))
  }

  @Test func whatWasWrittenIsRead() throws {
    for model in [try SampleModels.tiny(), try SampleModels.full()] {
      let read = try ModelFile.read(storage: storage(try ModelFile.encode(model)))
      #expect(read.graphs == model.graphs)
      #expect(read.metadata.text(.canonical) == model.metadata.text(.canonical))
      #expect(read.weights.names == model.weights.names)
      for name in model.weights.names {
        let before = try #require(model.weights[name])
        let after = try #require(read.weights[name])
        #expect(after.dtype == before.dtype && after.shape == before.shape)
        #expect(after.withUnsafeBytes(Array.init) == before.withUnsafeBytes(Array.init))
        #expect(UInt(bitPattern: after.storage.base + after.byteOffset) % 64 == 0)
      }
    }
  }

  @Test func equalModelsGiveEqualBytes() throws {
    let first = try ModelFile.encode(try SampleModels.full())
    let second = try ModelFile.encode(try SampleModels.full())
    let third = try ModelFile.encode(try ModelFile.read(storage: storage(first)))
    let areSame = first == second && first == third
    #expect(areSame)
  }

  @Test func fileAndMemoryAgree() throws {
    try withTemporaryFolder { folder in
      let model = try SampleModels.full()
      let path = folder + "/model.sam2"
      var last = (0, 0)
      let byteCount = try ModelFile.write(model, to: path, replaceExisting: false) {
        last = ($0, $1)
      }
      let bytes = try #require(fileBytes(path))
      let isSame = try ModelFile.encode(model) == bytes
      #expect(isSame)
      #expect(byteCount == bytes.count)
      #expect(try ModelFile.sha256(ofFile: path) == ModelFile.sha256(of: storage(bytes)))
      #expect(last == (bytes.count, bytes.count))
      #expect(folderNames(folder) == ["model.sam2"])
      try ModelFile.verify(path)
      #expect(try ModelFile.open(path).graphs == model.graphs)
    }
  }

  @Test func anOpenModelMayBeReplaced() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/model.sam2"
      let model = try SampleModels.full()
      try ModelFile.write(model, to: path, replaceExisting: false)
      let first = fileBytes(path)
      #expect(throws: Failure(.cannotCreate, code: "output.exists", "")) {
        try ModelFile.write(model, to: path, replaceExisting: false)
      }
      let mapped = try ModelFile.open(path)
      try ModelFile.write(mapped, to: path, replaceExisting: true)
      #expect(fileBytes(path) == first)
      #expect(mapped.weights["scalar"]?.floats() == [42])
    }
  }

  @Test func theSummaryNamesEverything() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/model.sam2"
      let model = try SampleModels.full()
      let byteCount = try ModelFile.write(model, to: path, replaceExisting: false)
      let summary = try ModelFile.inspect(path)
      #expect(summary.version == "1.3")
      #expect(summary.byteCount == byteCount)
      #expect(
        summary.sections.map(\.name) == ["metadata", "graphs", "tensor data", "tensor table"])
      #expect(summary.sections[2].offset % 4096 == 0)
      #expect(summary.tensors.map(\.name) == model.weights.names)
      #expect(summary.tensors.allSatisfy { $0.offset % 64 == 0 })
      #expect(summary.graphs[0].inputs == ["image", "indices", "times", "query", "memory"])
      #expect(summary.graphs[0].nodeCount == model.graphs[0].nodes.count)
      #expect(summary.metadata["image_size"]?.int == 64)
    }
  }

  /// Metadata that is known only at the end is written as if it had been known at the start.
  @Test func metadataMayComeLast() throws {
    try withTemporaryFolder { folder in
      var model = try SampleModels.full()
      model.metadata = ["hash": "0000"]
      let path = folder + "/model.sam2"
      try ModelFile.write(
        model, to: path, replaceExisting: false, finalMetadata: { ["hash": "12ab"] })
      model.metadata = ["hash": "12ab"]
      let isSame = try ModelFile.encode(model) == fileBytes(path)
      #expect(isSame)
      #expect(throws: Failure(.internalError, code: "model.metadata", "")) {
        try ModelFile.write(
          model, to: path, replaceExisting: true, finalMetadata: { ["hash": "12abc"] })
      }
    }
  }

  /// The committed sample is what this version writes, and what the specification prints.
  ///
  /// With `SAM2_WRITE_SAMPLES` in the environment the sample is written anew.
  @Test func theSampleInTheSpecificationIsCurrent() throws {
    let bytes = try ModelFile.encode(try SampleModels.tiny())
    if getenv("SAM2_WRITE_SAMPLES") != nil {
      try ModelFile.write(
        try SampleModels.tiny(), to: formatsPath("Samples/tiny.sam2"), replaceExisting: true)
    }
    let isCurrent = fileBytes(formatsPath("Samples/tiny.sam2")) == bytes
    #expect(isCurrent, "Formats/Samples/tiny.sam2 is not what this version writes")
    let text = try #require(fileBytes(formatsPath("model-file.md")))
    let hasDump = String(decoding: text, as: UTF8.self).contains(hexDump(bytes))
    #expect(hasDump, "the dump in Formats/model-file.md is out of date:\n\(hexDump(bytes))")
  }
}

/// Path of a file in the repository's `Formats` folder.
func formatsPath(_ name: String, file: String = #filePath) -> String {
  file.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/Formats/" + name
}

/// The lines of `hexdump -C` without the text column, runs of zero lines as one `*`.
func hexDump(_ bytes: [UInt8]) -> String {
  func digits(_ value: Int, _ count: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: count - text.utf8.count) + text
  }
  var lines: [String] = []
  for start in stride(from: 0, to: bytes.count, by: 16) {
    let row = bytes[start..<min(start + 16, bytes.count)]
    if row.allSatisfy({ $0 == 0 }) {
      if lines.last != "*" { lines.append("*") }
    } else {
      lines.append(digits(start, 4) + "  " + row.map { digits(Int($0), 2) }.joined(separator: " "))
    }
  }
  return lines.joined(separator: "\n")
}
