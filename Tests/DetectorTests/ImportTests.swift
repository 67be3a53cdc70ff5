import Bytes
import DetectorConfig
import DetectorImport
import DetectorSamples
import Graph
import JSON
import ModelFile
import SAM2Config
import Tensors
import TestSupport
import Testing
import Tokenizer

@testable import Detector

@Suite("Importing a detector")
struct DetectorImportTests {
  private let fixture: ReferenceFixture

  init() throws { fixture = try ReferenceFixture() }

  private func importing(
    _ change: (inout FormulaCheckpoint) -> Void = { _ in }, published: JSONValue? = nil,
    imageSize: Int? = nil
  ) throws -> ImportedDetector {
    var checkpoint = FormulaCheckpoint(.tiny(.owlv2))
    change(&checkpoint)
    var options = DetectorImporter.Options()
    options.published = try published.map { try PublishedConfiguration(json: $0) }
    options.imageSize = imageSize
    return try DetectorImporter.importModel(
      checkpoint, merges: try fixture.merges, options: options)
  }

  @Test("reads sizes from shapes, and reports what it assumes")
  func shapes() throws {
    let imported = try importing()
    var expected = DetectorConfiguration.tiny(.owlv2)
    expected.text.heads = 1
    expected.vision.heads = 1
    #expect(imported.configuration == expected)
    #expect(imported.assumptions.count == 2)
    #expect(imported.notes.isEmpty)
  }

  @Test("survives a file, and is a detector there")
  func file() throws {
    let imported = try fixture.imported(.owlvit)
    let bytes = try ModelFile.encode(imported.model)
    let read = try ModelFile.read(
      storage: ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) })
    try DetectorInterface.verify(read)
    let detector = try Detector(read)
    #expect(detector.configuration == imported.configuration)
    #expect(throws: failure("model.detector")) { try ModelConfiguration(metadata: read.metadata) }
  }

  @Test("keeps the upper left positions for smaller pictures")
  func smaller() throws {
    let name = "owlv2.vision_model.embeddings.position_embedding.weight"
    let imported = try importing(imageSize: 64)
    #expect(imported.configuration.side == 4)
    let kept = try #require(imported.model.weights[name]).floats()
    let all = Formula.tensor(name, [37, 64]).floats()
    #expect(kept.count == 17 * 64)
    #expect(kept[..<64].elementsEqual(all[..<64]))
    // Patch (1, 2) is number 6 of 4 x 4 and number 8 of 6 x 6, after the picture's token.
    #expect(kept[(7 * 64)..<(8 * 64)].elementsEqual(all[(9 * 64)..<(10 * 64)]))
    #expect(imported.notes.count == 1)
    for size in [100, 0, -16, 112] {
      #expect(throws: failure("detector.image_size")) { try importing(imageSize: size) }
    }
  }

  @Test("leaves out what is not a weight, and reports it")
  func others() throws {
    let imported = try importing {
      $0.names.append("owlv2.text_model.embeddings.position_ids")
    }
    #expect(imported.notes.count == 1)
  }

  @Test("refuses checkpoints that lack or distort a tensor")
  func damage() throws {
    #expect(throws: failure("detector.shapes")) {
      try importing { $0.tensors["layer_norm.bias"] = nil }
    }
    #expect(throws: failure("detector.shapes")) {
      try importing { $0.tensors["layer_norm.bias"] = Formula.tensor("layer_norm.bias", [63]) }
    }
    #expect(throws: failure("detector.shapes")) {
      try importing {
        let name = "owlv2.vision_model.embeddings.position_embedding.weight"
        $0.tensors[name] = Formula.tensor(name, [36, 64])
      }
    }
  }

  @Test("refuses another model's config.json and another tokenizer")
  func mismatches() throws {
    #expect(throws: failure("config.mismatch")) {
      try importing(published: ["text_config": ["hidden_size": 512]])
    }
    #expect(throws: failure("config.unsupported")) {
      try importing(published: ["vision_config": ["hidden_act": "relu6"]])
    }
    #expect(throws: failure("config.value")) {
      try importing(published: ["vision_config": ["num_attention_heads": 7]])
    }
    #expect(throws: failure("detector.tokenizer")) {
      _ = try DetectorImporter.importModel(
        FormulaCheckpoint(.tiny(.owlv2)), merges: try MergeList(text: "a b\n"))
    }
  }

  @Test("refuses a model without tokenizer, and one that makes masks")
  func loading() throws {
    var model = try fixture.imported(.owlv2).model
    let metadata = model.metadata
    model.metadata = .object(
      (metadata.object ?? []).map {
        $0.key == Architecture.key ? ($0.key, "sam2") : $0
      })
    #expect(throws: failure("model.not_detector")) { try Detector(model) }
    model.metadata = metadata
    model.weights.remove("tokenizer.merges")
    #expect(throws: failure("detector.no_tokenizer")) { try Detector(model) }
  }
}
