import Bytes
import Graph
import ModelFile
import ModelInterface
import Tensors
import TestSupport
import Testing

@testable import SAM2

/// Nothing of a model runs before its graphs are known to have the expected operands and results.
@Suite struct InterfaceTests {
  @Test func aModelWithOtherResultsIsRefused() throws {
    let path = fixturePath("../../Sources/Commands/CBundledModel/nano-int8.sam2", target: ".")
    let honest = try ModelFile.open(path)
    let changes: [(graph: String, output: String, shape: [Dim])] = [
      ("encode_memory", "memory", [Dim(Symbol("objects")), 256, 33]),
      ("decode_masks", "tokens", [1, 0, 128]),
    ]
    for change in changes {
      var model = honest
      let index = try #require(model.graphs.firstIndex { $0.name == change.graph })
      let graph = model.graphs[index]
      var builder = GraphBuilder(graph.name)
      for (name, value) in graph.inputs { _ = builder.input(name, graph[value].type) }
      for output in graph.outputs {
        let shape = output.name == change.output ? change.shape : graph[output.value].type.shape
        builder.output(output.name, try builder.add(.fill(0, shape), [], label: output.name))
      }
      model.graphs[index] = builder.graph
      let failure = #expect(throws: Failure.self) { try SegmentationModel(model) }
      #expect(failure?.kind == .badInput)
      #expect(failure?.place == "graph \(change.graph)")
      #expect(failure?.message.hasPrefix("output \(change.output) is ") == true)
    }
  }

  /// Operands and results by position: a miscounted call is an internal error, not a trap.
  @Test func entriesCountOperandsAndResults() throws {
    let interface = ModelInterface(FakeGraphs().configuration)
    let pointer = try #require(interface.graphs.first { $0.name == .projectPointer })
    let tensor = Tensor([Float(1)], shape: [1])
    let entry = GraphEntry(pointer) { (operands) throws(Failure) in [operands[0]] }
    #expect(try entry([tensor, tensor]).count == 1)
    let miscounted = Failure(.internalError, code: "graph.entry", "")
    #expect(throws: miscounted) { try entry([tensor]) }
    let mute = GraphEntry(pointer) { (_) throws(Failure) in [] }
    #expect(throws: miscounted) { try mute([tensor, tensor]) }
    let encoder = try GraphEntries(
      FakeGraphs(), ModelInterface(FakeGraphs().configuration, parts: .encoderOnly))
    #expect(throws: miscounted) { try encoder(.projectPointer, tensor, tensor) }
  }

  /// Memories from elsewhere are joined only when they have the size of the model's.
  @Test func aMemoryOfAnotherSizeIsNotJoined() throws {
    let graphs = FakeGraphs()
    let c = graphs.configuration
    let stages = try Stages(graphs, ModelInterface(c), pool: StoragePool())
    let cells = c.featureSide * c.featureSide
    func join(_ shape: Shape) throws -> AttendedMemory {
      var object = TrackedObject(
        id: 1, policies: .plain)
      object.conditioning[0] = FrameOutput(
        memory: Tensor(dtype: .bfloat16, shape: shape) { _ in },
        logits: Tensor([Float(0)], shape: [1, 1]),
        pointer: Tensor([Float](repeating: 0, count: c.dModel), shape: [1, c.dModel]),
        scores: FrameScores(predictedIoU: 1, objectScore: 1))
      let plan = MemoryPlan(
        MemoryPlan.View(
          frame: 1, conditioning: [0], frameCount: 9, isReverse: false,
          configuration: c), hasRecent: { _ in false })
      return try AttendedMemory(
        [ObjectMemory(plan, of: object)], stages: stages, configuration: c)
    }
    #expect(try join([cells, c.memory.dim]).tokens.shape == [1, cells, c.memory.dim])
    let others: [Shape] = [
      [cells, c.memory.dim + 1], [cells + 1, c.memory.dim], [cells * c.memory.dim + 31], [0, 0],
    ]
    for shape in others {
      #expect(throws: failure("track.memory")) { try join(shape) }
    }
  }
}
