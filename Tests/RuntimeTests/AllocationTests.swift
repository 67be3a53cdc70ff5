import CAllocations
import Graph
import Runtime
import Tensors
import TestSupport
import Testing

#if !DEBUG  // Only an optimised build keeps closures and generic values off the heap.
/// A graph that runs again takes nothing from the heap but what holds its results, however many
/// steps it has.
struct AllocationTests {
  /// For the call: pointers to the inputs, the table of results.
  private static let callBudget = 4
  /// For each result: its tensor, storage and shape.
  private static let resultBudget = 6

  @Test(arguments: operatorCases)
  func stepsAllocateNothing(_ item: OperatorCase) throws {
    let (model, inputs) = try item.make(seed: 13)
    try check(model, inputs)
  }

  @Test(arguments: [false, true])
  func rowChainsTakeNothing(quantized: Bool) throws {
    let (model, inputs) = try RowChainTests.block(quantized: quantized, seed: 14)
    try check(model, inputs)
  }

  @Test func imageChainsTakeNothing() throws {
    var random = SeededRandom(seed: 15)
    let net = ImageChainTests.Upscaling()
    let model = try net.model(&random)
    try check(model, net.inputs(2, &random))
  }

  @Test func attentionWithItsProductsTakesNothing() throws {
    let (model, inputs) = try KeyChainTests.model(
      heads: 1, hasNorm: true, codeItems: 1, seed: 16)
    try check(model, inputs)
    for layer in TokenAttentionTests.layers {
      var random = SeededRandom(seed: 17)
      let model = try layer.model(&random)
      try check(model, layer.inputs(2, 2, &random))
    }
  }

  private func check(_ model: Model, _ inputs: [String: Tensor]) throws {
    guard sam2_thread_allocations() >= 0 else { return }
    let graph = model.graphs[0]
    for threads in [1, 2] {
      let program = try Program(model, options: RuntimeOptions(threads: threads))
      // The first runs plan, pack and grow the scratch.
      for _ in 0..<2 { _ = try program.run(graph.name, inputs) }
      let before = sam2_thread_allocations()
      let results = try program.run(graph.name, inputs)
      let taken = sam2_thread_allocations() - before
      let budget = Self.callBudget + Self.resultBudget * results.count
      #expect(taken <= budget, "\(threads) threads")
      // Storage of a result at least: else nobody counted.
      #expect(taken >= results.count)
    }
  }
}
#endif
