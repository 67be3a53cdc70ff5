import Bytes
import Comparison
import Graph
import Passes
import Quantizer
import Tensors
import TestSupport
import Testing

/// Every stage on the whole trained model, and stages that break their promise.
struct PassBisectionTests {
  /// Masks of the sample scene after all rounding: 0.997 and more is measured.
  static let maskFloor = 0.98

  /// A pass that scales one weight of the encoder.
  private func meddling(_ name: String, _ promise: Pass.Promise, by factor: Float) -> Pass {
    Pass(name: name, promise: promise, summary: "") { (graph, weights) throws(Failure) in
      guard graph.name == "encode_image",
        let weight = graph.weightNames.first(where: { $0.hasSuffix("qkv.weight") }),
        let tensor = weights[weight]
      else { return graph }
      weights.set(weight, Tensor(tensor.floats().map { $0 * factor }, shape: tensor.shape))
      return graph
    }
  }

  @Test func everyStageKeepsItsPromise() throws {
    let bisection = try PassBisection(of: Nano.model.get(), probe: ComparisonProbe())
    #expect(bisection.culprit == nil, "\(bisection.steps)")
    #expect(bisection.steps.map(\.name) == PipelineStage.all.map(\.name))
    #expect(bisection.maskCount == 10)
    // Without batch norms and branches of convolutions, two have nothing to do.
    let idle = [Pass.foldBatchNorms.name, Pass.mergeDepthwiseBranches.name]
    for step in bisection.steps {
      if idle.contains(step.name) {
        #expect(step.error?.isExact == true, "\(step)")
        continue
      }
      switch step.promise {
      case .exact:
        #expect(step.error?.isExact == true && step.error?.relative == 0, "\(step)")
      case .algebraic:
        #expect(
          step.error.map { !$0.isExact && $0.relative < PassBisection.algebraicBudget } == true)
        let graphs = [
          Pass.mergeProducts.name: "encode_image",
          ExecutionStage.moveProjectionsToTokens.rawValue: "decode_masks",
        ]
        #expect(step.error?.graph == graphs[step.name, default: "attend_memory"])
      case .budgeted:
        #expect(step.didChange && step.error?.isExact == false)
        #expect(step.maskIoU > Self.maskFloor, "\(step)")
      }
    }
  }

  @Test func namesTheFirstThatDoesNot() throws {
    let model = try Nano.model.get()
    func culprit(_ passes: [Pass], minimumIoU: Double = 0.95) throws -> String? {
      try PassBisection(
        of: model, stages: passes.map { .pass($0) }, probe: ComparisonProbe(),
        minimumIoU: minimumIoU
      ).culprit?.name
    }
    let slight: Float = 1 + 1e-6
    #expect(
      try culprit([.eliminateDeadCode, meddling("a", .exact, by: slight), .foldValuesIntoOutput])
        == "a")
    #expect(try culprit([meddling("b", .algebraic, by: slight)]) == nil)
    #expect(
      try culprit([meddling("b", .algebraic, by: slight), meddling("c", .algebraic, by: 1.01)])
        == "c")
    #expect(try culprit([meddling("d", .budgeted, by: 1.01)]) == nil)
    #expect(try culprit([meddling("d", .budgeted, by: -1)]) == "d")
  }

  /// No masks overlap by more than all.
  @Test func theBudgetOfMasksIsTheCallersChoice() throws {
    let bisection = try PassBisection(
      of: Nano.model.get(), probe: ComparisonProbe(), minimumIoU: 1.001)
    let name = try #require(bisection.culprit?.name)
    #expect(QuantizationStage(rawValue: name) != nil)
  }
}
