import Bytes
import Graph
import ModelFile
import Tensors
import TestSupport
import Testing

@testable import SAM2

/// Nothing of a model runs before its graphs are known to have the expected operands and results.
@Suite struct InterfaceTests {
  @Test func aModelWithOtherResultsIsRefused() throws {
    let path = fixturePath("../../Sources/CBundledModel/nano-int8.sam2", target: ".")
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
}
