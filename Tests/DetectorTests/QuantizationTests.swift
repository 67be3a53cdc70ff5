import Bytes
import DetectorConfig
import DetectorImport
import DetectorSamples
import Glibc
import Graph
import Passes
import Quantizer
import SampleScene
import Tensors
import TestSupport
import Testing

@testable import Detector

/// Two layers of 64 channels in int8; real models have more channels, which average more noise.
private let minimumSignal = 20.0

@Suite("A detector in int8")
struct DetectorQuantizationTests {
  private let model: Model
  private let quantized: Model

  init() throws {
    let imported = try ReferenceFixture().imported(.owlv2).model
    var optimised = try Pipeline.run(Pipeline.standard, on: imported).model
    optimised.weights.remove("tokenizer.merges")
    var recipe = Recipe.detector(weights: optimised.weights.names)
    recipe.minimumSide = 32
    recipe.minimumStoredElements = 2048
    model = imported
    var rounded = try Quantizer(recipe).quantize(optimised).model
    let merges = try #require(imported.weights["tokenizer.merges"])
    rounded.weights.set("tokenizer.merges", merges)
    quantized = rounded
  }

  private func names(_ graph: DetectorGraph) throws -> [(op: String, label: String)] {
    try #require(quantized.graph(graph.rawValue)).nodes.map { ($0.op.name, $0.label) }
  }

  @Test("multiplies the towers in int8, attends to pictures in it, and keeps the heads in float")
  func layers() throws {
    let boxes = try names(.findBoxes)
    #expect(boxes.contains { $0.op == "quantized_linear" && $0.label.contains("mlp.fc1") })
    #expect(boxes.contains { $0.op == "quantized_attention" })
    #expect(!boxes.contains { $0.op == "quantized_linear" && $0.label.contains("head") })
    let text = try names(.encodeText)
    #expect(text.contains { $0.op == "quantized_linear" })
    #expect(!text.contains { $0.op == "quantized_attention" })
    #expect(!(try names(.matchQueries)).contains { $0.op.hasPrefix("quantized") })
  }

  @Test("stores the table of tokens in int8")
  func table() throws {
    let name = "owlv2.text_model.embeddings.token_embedding.weight"
    #expect(quantized.weights[name]?.dtype == .int8)
    #expect(try names(.encodeText).contains { $0.op == "dequantize" })
  }

  @Test("sees nearly what it sees in float")
  func agreement() throws {
    let picture = SampleScene(seed: 1).still(width: 128, height: 96).image
    let (a, b) = (try Detector(model), try Detector(quantized))
    let exact = try a.patches(try a.queries(for: ["the", "on"]), in: picture)
    let rounded = try b.patches(try b.queries(for: ["the", "on"]), in: picture)
    let noise = relativeError(rounded.classes, exact.classes)
    #expect(noise > 0 && -20 * log10(noise) > minimumSignal, "\(noise)")
  }
}
