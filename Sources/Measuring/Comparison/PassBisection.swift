public import Bytes
public import Graph
internal import Media
public import Passes
public import Quantizer
public import Runtime
internal import SAM2
internal import Tensors

/// Runs a model after each stage of the pipeline, on one picture and a few frames, and checks each
/// stage against its guarantees.
public struct PassBisection: Sendable {
  /// The result of one stage.
  public struct Step: Sendable {
    public let name: String
    public let promise: Pass.Promise
    /// Whether the stage rewrote anything.
    public let didChange: Bool
    /// The output that changed the furthest in this stage, on calls recorded from the original.
    public let error: OutputError?
    /// The output that differs the furthest from the original.
    public let total: OutputError?
    /// Mean IoU of the masks with the original's.
    public let maskIoU: Double
    public let isWithinBudget: Bool
  }

  /// Largest relative error in an output that an algebraic pass may cause in float32.
  public static let algebraicBudget = 1e-5
  /// Minimum mean mask IoU after a budgeted stage, unless the caller sets a different one.
  public static let defaultIoU = 0.95

  public let steps: [Step]
  /// Number of masks compared.
  public let maskCount: Int

  /// The first stage that broke its guarantees.
  public var culprit: Step? { steps.first { !$0.isWithinBudget } }

  /// Runs `model` as written by `sam2-convert`, then after each of `stages`; `minimumIoU` is the
  /// budget for the budgeted ones.
  /// - Throws: anything thrown by the passes, the quantiser and the runtime.
  public init(
    of model: Model, stages: [PipelineStage] = PipelineStage.all, recipe: Recipe = Recipe(),
    probe: ComparisonProbe, minimumIoU: Double = defaultIoU, options: RuntimeOptions = .init(),
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(Failure) {
    progress(0, stages.count + 1)
    var options = options
    options.movesProjections = false
    var masks: [BinaryMask] = []
    let calls = try GraphCalls.recorded(of: model, options: options) {
      (original) throws(Failure) in masks = try probe.masks(by: original)
    }
    let expected = try Program(model, options: options).outputs(on: calls)
    var (current, last, previous) = (model, model, expected)
    var steps: [Step] = []
    for (index, stage) in stages.enumerated() {
      progress(index + 1, stages.count + 1)
      let graphs = current.graphs
      switch stage {
      case .pass(let pass): (current, _) = try Pipeline.run([pass], on: last)
      case .quantization(let stage):
        // Each stage starts again from the float model: its decisions take effect at once.
        (current, _) = try Quantizer(recipe.until(stage)).quantize(last)
      case .execution(.moveProjectionsToTokens): options.movesProjections = true
      }
      let outputs = try Program(current, options: options).outputs(on: calls)
      let runnable = try SegmentationModel(current, options: options)
      let ious = zip(try probe.masks(by: runnable), masks).map { $0.intersectionOverUnion($1) }
      let mean = ious.isEmpty ? 1 : ious.reduce(0, +) / Double(ious.count)
      let error = worstError(outputs, expected: previous)
      steps.append(
        Step(
          name: stage.name, promise: stage.promise,
          didChange: stage.changesPlans || current.graphs != graphs,
          error: error, total: worstError(outputs, expected: expected), maskIoU: mean,
          isWithinBudget: Self.isWithinBudget(stage.promise, error, mean, minimumIoU)))
      if case .pass = stage { last = current }
      previous = outputs
    }
    self.steps = steps
    maskCount = masks.count
  }

  private static func isWithinBudget(
    _ promise: Pass.Promise, _ error: OutputError?, _ maskIoU: Double, _ minimumIoU: Double
  ) -> Bool {
    switch promise {
    case .exact: error?.isExact ?? true
    case .algebraic: error.map { $0.relative <= algebraicBudget } ?? true
    case .budgeted: maskIoU >= minimumIoU
    }
  }
}

extension PipelineStage {
  /// Whether the stage affects plans and leaves graphs unchanged.
  fileprivate var changesPlans: Bool { if case .execution = self { true } else { false } }
}
