import Bytes
import Graph
import JSON
import ModelInterface
import SAM2Config
import TestSupport
import Testing

/// Well-formed graphs with another interface: each is refused before anything runs.
@Suite struct HostileModelTests {
  /// A false type of one value of one graph, and the type that the message must name.
  struct FalseType: Sendable, CustomTestStringConvertible {
    let graph: String
    let value: String
    let type: TensorType
    let code: String
    /// The expected type as the message prints it.
    let expected: String

    var testDescription: String { "\(graph) \(value) \(type)" }
  }

  private static let objects = Dim(Symbol("objects"))
  private static let points = Dim(Symbol("points"))
  private static let features = Dim(Symbol("features"))

  /// The feature map of the nano model has 16 x 16 cells of 192 channels, a memory 64 channels.
  static let falseTypes: [FalseType] = [
    row("encode_memory", "memory", .float(objects, 256, 63), "objects, 256, 64"),
    row("encode_memory", "memory", .float(objects, 255, 64), "objects, 256, 64"),
    row("encode_memory", "memory", .float(objects, 1, 16447), "objects, 256, 64"),
    row("encode_memory", "memory", .float(objects, 0, 64), "objects, 256, 64"),
    row("encode_memory", "memory", .float(1, 256, 64), kind: "objects, 256, 64"),
    row("decode_masks", "masks", .float(1, 4, 0, 0), kind: "objects, 4, 64, 64"),
    row("decode_masks", "masks", .float(objects, 4, 0, 0), "objects, 4, 64, 64"),
    row("decode_masks", "masks", .float(objects, 3, 64, 64), "objects, 4, 64, 64"),
    row("decode_masks", "ious", .float(1, 0), kind: "objects, 4"),
    row("decode_masks", "ious", .float(objects, 3), "objects, 4"),
    row("decode_masks", "tokens", .float(1, 0, 192), kind: "objects, 4, 192"),
    row("decode_masks", "tokens", .float(objects, 4, 64), "objects, 4, 192"),
    row("decode_masks", "object_scores", .float(objects, 0), "objects, 1"),
    row("decode_masks", "object_scores", .float(points, 1), kind: "objects, 1"),
    row("attend_memory", "features", .float(features, 16, 16, 192), kind: "objects, 16, 16, 192"),
    row("encode_image", "image_embedding", .float(1, 16, 16, 64), "1, 16, 16, 192"),
    row("encode_image", "high_res_0", .float(1, 32, 32, 24), "1, 64, 64, 24"),
    row("constants", "memory_positions", .float(6, 256, 64), "7, 256, 64"),
    row("constants", "no_mask_dense", .float(0, 16, 16, 192), "1, 16, 16, 192"),
    row("pointer_positions", "positions", .float(1, 64), kind: "pointers, 64"),
    row("project_pointer", "pointer", .float(objects, 256), "objects, 192"),
    row("mask_as_output", "low_res_logits", .float(objects, 64, 64), kind: "objects, 64, 64, 1"),
    row("upscale_masks", "masks", .float(objects, 255, 256, 1), "objects, 256, 256, 1"),
    row("encode_prompts", "sparse", .float(points, objects, 192), kind: "objects, points, 192"),
  ]

  private static func row(
    _ graph: String, _ value: String, _ type: TensorType, _ expected: String
  ) -> FalseType {
    FalseType(
      graph: graph, value: value, type: type, code: "config.mismatch",
      expected: "float[\(expected)]")
  }

  private static func row(
    _ graph: String, _ value: String, _ type: TensorType, kind expected: String
  ) -> FalseType {
    FalseType(
      graph: graph, value: value, type: type, code: "model.interface",
      expected: "float[\(expected)]")
  }

  private static let nano = Result { try NanoGraphs.model() }

  @Test(arguments: falseTypes) func resultOfAnotherType(falseType: FalseType) throws {
    let model = try Self.nano.get().editing(falseType.graph) { signature in
      let index = try #require(signature.outputs.firstIndex { $0.name == falseType.value })
      signature.outputs[index].type = falseType.type
    }
    let failure = try #require(refusal(of: model))
    #expect(failure.kind == .badInput && failure.code == falseType.code, "\(failure)")
    #expect(failure.place == "graph \(falseType.graph)")
    #expect(
      failure.message
        == "output \(falseType.value) is \(falseType.type), not \(falseType.expected)")
  }

  /// Each value of each graph: missing, renamed, of another element type or rank, each size another
  /// one, each symbol a number or another symbol.
  @Test func everyMutationIsRefusedWithItsOwnMessage() throws {
    let nano = try Self.nano.get()
    var messages: Set<String> = []
    var count = 0
    for graph in nano.graphs {
      for mutation in Mutation.all(of: GraphSignature(graph)) {
        let model = try nano.editing(graph.name) { $0 = mutation.signature }
        let failure = try #require(refusal(of: model), "\(graph.name): \(mutation.name)")
        #expect(failure.kind == .badInput)
        #expect(["config.mismatch", "model.interface"].contains(failure.code), "\(failure)")
        #expect(failure.place == "graph \(graph.name)")
        messages.insert(failure.description)
        count += 1
      }
    }
    #expect(count > 400, "\(count) mutations")
    #expect(messages.count == count, "\(messages.count) messages of \(count) mutations")
  }

  @Test func swappedSymbolsAreRefused() throws {
    let model = try Self.nano.get().editing("encode_prompts") { signature in
      signature.inputs[0].type = .float(Self.points, Self.objects, 2)
    }
    let failure = try #require(refusal(of: model))
    #expect(failure.code == "model.interface")
    #expect(
      failure.message
        == "input label_indices is int32[objects, points], not int32[points, objects]")
  }

  @Test func graphsMustBeThoseOfSAM2() throws {
    let nano = try Self.nano.get()
    for name in nano.graphs.map(\.name) {
      var model = nano
      model.graphs.removeAll { $0.name == name }
      #expect(refusal(of: model)?.message == "graph \(name) is missing")
    }
    var model = nano
    model.graphs.append(Graph(name: "decode_mask"))
    #expect(refusal(of: model)?.message == "SAM 2 has no graph called decode_mask")
    #expect(refusal(of: Model(metadata: nano.metadata, graphs: [], weights: .init())) != nil)
    // An image-only model has no results for tracking.
    model = try ModelParts.imageOnly.reduced(nano).editing("constants") { signature in
      signature.outputs.append(("memory_positions", .float(7, 256, 64)))
    }
    #expect(
      refusal(of: model)?.message
        == "output memory_positions is unknown; expected are no_mask_dense")
  }

  @Test func configurationOfAnotherModelIsRefused() throws {
    let nano = try Self.nano.get()
    let original = try #require(KnownVariants.named("nano"))
    let sizes = [("image_size", 512), ("d_model", 256), ("memory_dim", 32), ("num_maskmem", 6)]
    for (key, size) in sizes {
      var configuration = original
      try configuration.set(key, JSONValue(size))
      #expect(throws: failure("config.mismatch")) {
        try ModelInterface(of: nano, configuration: configuration)
      }
    }
    #expect(throws: failure("model.architecture")) {
      try ModelInterface.verify(Model(metadata: [:], graphs: nano.graphs, weights: nano.weights))
    }
  }

  private func refusal(of model: Model) -> Failure? {
    do throws(Failure) {
      try ModelInterface.verify(model)
      return nil
    } catch {
      return error
    }
  }
}
