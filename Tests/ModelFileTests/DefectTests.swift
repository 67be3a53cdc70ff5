import Bytes
import Graph
import JSON
import ModelFile
import Tensors
import TestSupport
import Testing

@Suite struct DefectTests {
  @Test func theUnchangedFileIsAccepted() throws {
    let file = try ModelFile.encode(try SampleModels.tiny())
    let isSame = CraftedFile(file).bytes() == file
    #expect(isSame)
    #expect(failure(of: file) == nil)
  }

  @Test(arguments: Defect.allCases) func everyDefectHasItsCode(_ defect: Defect) throws {
    let found = try #require(failure(of: try defect.file()), "\(defect) is accepted")
    #expect(found.code == defect.code, "\(defect): \(found)")
    #expect(found.kind == .badInput)
  }

  @Test func anotherVersionIsNamed() throws {
    let newer = try #require(failure(of: try Defect.newerMajor.file()))
    #expect(newer.description.contains("format 2.0") && newer.description.contains("newer version"))
    let older = try #require(failure(of: try Defect.olderMajor.file()))
    #expect(older.description.contains("format 0.0") && older.description.contains("convert"))
  }

  /// A later minor version is read as long as it uses nothing new, else the message names it.
  @Test func laterMinorVersions() throws {
    var file = CraftedFile(try ModelFile.encode(try SampleModels.tiny()))
    file.minor = 4
    #expect(failure(of: file.bytes()) == nil)
    file.sections.append(.init(code: 1000, flags: 0, content: Array("for later".utf8)))
    #expect(failure(of: file.bytes()) == nil)
    file.sections[4].hash = [UInt8](repeating: 0, count: 32)
    #expect(failure(of: file.bytes())?.code == "model.checksum")
    file.sections[4].flags = 1
    let refused = try #require(failure(of: file.bytes()))
    #expect(refused.code == "model.section")
    #expect(refused.hint?.contains("1.4") == true)
  }

  /// A file names the minimum version that its contents need.
  @Test func minorVersionsFollowTheContents() throws {
    let models: [UInt16: Model] = [
      0: try SampleModels.tiny(), 1: try SampleModels.quantizedAttention(),
      3: try SampleModels.full(),
    ]
    for (minor, model) in models {
      var file = CraftedFile(try ModelFile.encode(model))
      #expect(file.minor == minor)
      #expect(failure(of: file.bytes()) == nil)
      for other in 0...3 where other != Int(minor) {
        file.minor = UInt16(other)
        #expect(failure(of: file.bytes())?.code == "model.graph")
      }
    }
  }

  /// Models that the format cannot hold are refused before anything is written.
  @Test func modelsThatCannotBeWritten() throws {
    let tiny = try SampleModels.tiny()
    func code(_ change: (inout Model) -> Void) -> String? {
      var model = tiny
      change(&model)
      do throws(Failure) {
        _ = try ModelFile.encode(model)
        return nil
      } catch {
        return error.code
      }
    }
    let long = String(repeating: "n", count: 256)
    #expect(code { _ in } == nil)
    #expect(code { $0.metadata = [1] } == "model.metadata")
    #expect(code { $0.metadata = ["x": .number(.infinity)] } == "model.metadata")
    #expect(code { $0.metadata = .object([("a", 1), ("a", 2)]) } == "model.metadata")
    #expect(code { $0.weights.remove("w") } == "model.weight")
    #expect(code { $0.weights.set(long, Tensor([Float(1)], shape: [])) } == "model.name")
    #expect(code { $0.weights.set("\u{7}", Tensor([Float(1)], shape: [])) } == "model.name")
    #expect(code { $0.graphs[0].nodes[0].label = long } == "model.name")
    #expect(code { $0.graphs = Array(repeating: $0.graphs[0], count: 2) } == "graph.name")
    #expect(
      code { model in
        model.graphs[0].values.append(.init(type: .float(1), definition: .node(1)))
        model.graphs[0].nodes.append(
          .init(op: .fill(.nan, [1]), operands: [], result: ValueID(4), label: ""))
      } == "model.graph")
  }

  /// Files whose int8 weights have impossible scales, with checksums that are right.
  @Test func impossibleScalesAreRefused() throws {
    for scale in [0, -1, .nan, .infinity, -0.0] as [Float] {
      var model = try SampleModels.tiny()
      model.weights.set("q", Tensor(dtype: .int8, shape: [2, 3]) { _ in })
      model.weights.set("q.scale", Tensor([0.5, scale], shape: [2]))
      #expect(failure(of: try ModelFile.encode(model))?.code == "model.scale", "\(scale)")
    }
  }

  @Test func whatStopsPublishingLeavesNothing() throws {
    try withTemporaryFolder { folder in
      let model = try SampleModels.tiny()
      #expect(throws: Failure(.inputOutput, code: "input.changed", "")) {
        try ModelFile.write(
          model, to: folder + "/x.sam2", replaceExisting: false,
          finalMetadata: { () throws(Failure) in
            throw Failure(.inputOutput, code: "input.changed", "")
          })
      }
      #expect(folderNames(folder).isEmpty)
    }
  }

  @Test func aFailedWriteLeavesNothing() throws {
    try withTemporaryFolder { folder in
      var model = try SampleModels.tiny()
      model.metadata = .null
      #expect(throws: Failure(.badInput, code: "model.metadata", "")) {
        try ModelFile.write(model, to: folder + "/x.sam2", replaceExisting: false)
      }
      #expect(throws: Failure(.cannotCreate, code: "output.folder", "")) {
        try ModelFile.write(model, to: folder + "/none/x.sam2", replaceExisting: false)
      }
      #expect(folderNames(folder).isEmpty)
    }
  }
}
