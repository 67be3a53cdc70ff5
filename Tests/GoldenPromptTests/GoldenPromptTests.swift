import Bytes
import Checkpoints
import Graph
import JSON
import ModelFile
import Passes
import Quantizer
import Runtime
import SAM2Import
import Tensors
import TestSupport
import Testing

@testable import GoldenPrompt

/// A record of a small run: the same on every kernel level, different for other weights.
struct GoldenPromptTests {
  private static let nano = Result { () throws -> Model in
    let checkpoint = try Checkpoint.open(fixturePath("nano/nano.pt", target: "."))
    return try ModelImporter.importModel(checkpoint.tensors).model
  }

  private static let int8 = Result { () throws -> Model in
    try Quantizer().quantize(Pipeline.run(on: nano.get()).model).model
  }

  private static func recorded(_ model: Model) throws -> Model {
    var result = model
    result.metadata = try GoldenPrompt(running: model).added(to: model.metadata)
    return result
  }

  @Test func everyLevelComputesTheSame() throws {
    let slow = "scalar"
    for model in [try Self.nano.get(), try Self.int8.get()] {
      let golden = try GoldenPrompt(running: model)
      // The slowest level would take seconds; it is tested on parts elsewhere.
      for level in KernelTable.availableLevels where level != slow {
        let other = try GoldenPrompt(running: model, options: .init(kernelLevel: level))
        #expect(other.records.map(\.integers) == golden.records.map(\.integers), "\(level)")
        for graph in try other.agreement(with: golden) {
          #expect(graph.isWithinTolerance, "\(level): \(graph)")
        }
      }
    }
  }

  @Test func integersAreRecordedWhereTheyAre() throws {
    #expect(try GoldenPrompt(running: Self.nano.get()).records.allSatisfy { $0.integers == nil })
    let golden = try GoldenPrompt(running: Self.int8.get())
    let graphs = golden.records.filter { $0.integers != nil }.map(\.graph)
    #expect(graphs == ["encode_image", "attend_memory", "encode_memory"])
  }

  @Test func survivesAFile() throws {
    let model = try Self.int8.get()
    let golden = try GoldenPrompt(running: model)
    let text = golden.added(to: model.metadata).text(.canonical)
    let metadata = try JSONValue(parsing: text)
    #expect(try GoldenPrompt(metadata: metadata) == golden)
    // A place that is kept for it must be as large.
    let placeholder = try GoldenPrompt.placeholder(for: model)
    #expect(placeholder.added(to: model.metadata).text(.canonical).utf8.count == text.utf8.count)
  }

  /// One tensor of each member of the model, moved by a hundredth of its size and more.
  @Test(
    arguments: [
      ("image_encoder.neck.convs.2.conv.bias", "encode_image"),
      ("sam_prompt_encoder.point_embeddings.3.weight", "encode_prompts"),
      ("sam_mask_decoder.iou_prediction_head.layers.2.bias", "decode_masks"),
      ("obj_ptr_proj.layers.2.bias", "project_pointer"),
      ("memory_attention.layers.1.norm3.weight", "attend_memory"),
      ("memory_encoder.out_proj.weight", "encode_memory"),
    ])
  func damagedTensorIsFound(_ name: String, _ graph: String) throws {
    var model = try Self.recorded(Self.nano.get())
    let tensor = try #require(model.weights[name])
    model.weights.set(name, Tensor(tensor.floats().map { $0 * 1.1 + 0.01 }, shape: tensor.shape))
    let first = try GoldenPrompt.check(model).compactMap(\.failure).first
    #expect(first?.code == "golden.differs")
    #expect(first?.place == "graph \(graph)")
    #expect(throws: Failure.self) { try GoldenPrompt.require(of: model) }
  }

  @Test func damagedIntegersAreFound() throws {
    var model = try Self.recorded(Self.int8.get())
    let name = "memory_attention.layers.0.linear1.weight"
    let tensor = try #require(model.weights[name])
    #expect(tensor.dtype == .int8)
    var bytes = tensor.withUnsafeBytes { Array($0) }
    bytes[77] ^= 1
    let storage = ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
    model.weights.set(name, try Tensor(dtype: .int8, shape: tensor.shape, storage: storage))
    let graphs = try GoldenPrompt.check(model).filter { $0.integersAgree == false }
    #expect(graphs.map(\.graph) == ["attend_memory"])
  }

  private static func record(_ graph: String) -> String {
    #"{"golden": {"inputs": "splitmix64-1", "graphs": ["# + graph + "]}}"
  }

  @Test(
    arguments: [
      ("{}", "golden.missing"),
      (#"{"golden": {"inputs": "other", "graphs": []}}"#, "golden.formula"),
      (#"{"golden": {"graphs": []}}"#, "json.missing"),
      (record(#"{"graph": "g", "integers": 7, "outputs": []}"#), "golden.record"),
      (
        record(
          #"{"graph": "g", "integers": null, "outputs": [{"name": "y", "elements": "0000zz00"}]}"#),
        "golden.record"
      ),
    ])
  func refusesOtherRecords(_ text: String, _ code: String) throws {
    let metadata = try JSONValue(parsing: text)
    let failure = #expect(throws: Failure.self) { try GoldenPrompt(metadata: metadata) }
    #expect(failure?.code == code)
  }

  @Test func refusesARecordOfOtherGraphs() throws {
    var model = try Self.recorded(Self.nano.get())
    model.graphs.removeLast()
    let failure = #expect(throws: Failure.self) { try GoldenPrompt.check(model) }
    #expect(failure?.code == "golden.graphs")
  }
}
