public import Graph

/// How a program runs.
public struct RuntimeOptions: Sendable {
  /// Threads of each call; nil for one per available processor.
  public var threads: Int?
  /// Kernel level by name (`KernelTable.levelNames`); nil for the best, or `SAM2_ISA`.
  public var kernelLevel: String?
  /// The numbers that float products multiply.
  public var arithmetic = FloatArithmetic.float32
  /// Runs chains of operators as one step; results are bit-identical without.
  public var fusesSteps = true
  /// Projects the few tokens in attention with an image, in place of the image's many cells.
  ///
  /// It is the one fusion that changes numbers, by rounding, and needs `fusesSteps`. In bfloat16 it
  /// also keeps these products in float32, which single steps round.
  public var movesProjections = true
  /// Times each step, for `Program.stepTimings`, and the products in it.
  public var timesSteps = false
  /// Memory and work that one call may ask for.
  public var budget = GraphBudget.standard

  public init(threads: Int? = nil, kernelLevel: String? = nil) {
    self.threads = threads
    self.kernelLevel = kernelLevel
  }

  /// The fusions that these options allow.
  var fusions: [Fusion] {
    fusesSteps ? Fusion.inOrder.filter { movesProjections || !$0.changesNumbers } : []
  }
}
