public import Graph

/// How a program runs.
public struct RuntimeOptions: Sendable {
  /// Threads of each call; nil for one per available processor.
  public var threads: Int?
  /// Kernel level by name (`KernelTable.levelNames`); nil for the best, or `SAM2_ISA`.
  public var kernelLevel: String?
  /// Runs chains of operators as one step.
  ///
  /// When off, results are bit-identical, except for attention between a few tokens and an image,
  /// which differs by rounding.
  public var fusesSteps = true
  /// Times each step, for `Program.stepTimings`.
  public var timesSteps = false
  /// Memory and work that one call may ask for.
  public var budget = GraphBudget.standard

  public init(threads: Int? = nil, kernelLevel: String? = nil) {
    self.threads = threads
    self.kernelLevel = kernelLevel
  }
}
