import Bytes
import Graph
import Runtime
import Tensors
import TestSupport
import Testing

/// Callers on several threads share a program: plans and weights are common, working memory is not.
struct ManyCallersTests {
  private static let callers = 4
  private static let rounds = 8

  private struct Inputs: Sendable {
    let tensors: [[String: Tensor]]
  }

  /// Every caller gets the bits that it gets alone, whoever plans first.
  @Test(arguments: [1, 2])
  func getWhatTheyGetAlone(threads: Int) async throws {
    let seed: UInt64 = 61
    let (model, first) = try RowChainTests.block(quantized: true, seed: seed)
    let graph = model.graphs[0].name
    var random = SeededRandom(seed: seed)
    var inputs = [first]
    for _ in 1..<Self.callers {
      inputs.append(
        first.mapValues { tensor in
          Tensor(random.floats(tensor.elementCount), shape: tensor.shape)
        })
    }
    let options = RuntimeOptions(threads: threads)
    let alone = try Program(model, options: options)
    let expected = try inputs.map { try alone.run(graph, $0).mapValues { $0.floats() } }
    let shared = try Program(model, options: options)
    let tensors = Inputs(tensors: inputs)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for caller in 0..<Self.callers {
        group.addTask {
          for _ in 0..<Self.rounds {
            let results = try shared.run(graph, tensors.tensors[caller])
            #expect(results.mapValues { $0.floats() } == expected[caller], "seed \(seed)")
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(shared.timings[graph]?.calls == Self.callers * Self.rounds)
  }

  /// Calls one after the other use the same working memory.
  @Test func reuseMemoryOneAfterTheOther() throws {
    let (model, inputs) = try RowChainTests.block(quantized: false, seed: 62)
    let program = try Program(model, options: RuntimeOptions(threads: 1))
    for _ in 0..<3 { _ = try program.run(model.graphs[0].name, inputs) }
    #expect(program.executorCount == 1)
  }

  @Test func entriesResolveNamesOnce() throws {
    let (model, inputs) = try RowChainTests.block(quantized: false, seed: 63)
    let graph = model.graphs[0]
    let program = try Program(model)
    let names = graph.inputs.map(\.name).reversed() as [String]
    let outputs = graph.outputs.map(\.name)
    let entry = try program.entry(graph.name, inputs: names, outputs: outputs)
    let results = try program.run(entry, names.compactMap { inputs[$0] })
    let expected = try program.run(graph.name, inputs)
    for (name, result) in zip(outputs, results) {
      #expect(result.floats() == expected[name]?.floats())
    }
    #expect(throws: failure("graph.inputs")) {
      try program.entry(graph.name, inputs: ["other"], outputs: outputs)
    }
    #expect(throws: failure("model.output")) {
      try program.entry(graph.name, inputs: names, outputs: ["other"])
    }
  }
}
