/// One step of a plan: operands and result placed, weights packed.
struct Step {
  let kernel: StepKernel
  let operands: [View]
  let result: View
  /// The operand that the result may be written over: each element is read before, and by the task
  /// that writes there.
  var overwritten: Int?
  /// Path of the layer that it belongs to.
  let label: String
  /// Multiply-accumulates by the graph's formulas, whatever the kernels save.
  let work: Work
}

/// The work of a step.
///
/// Closed: a kind of step that nobody runs (`Executor.run`), checks (`Step+Check`) or names
/// (`StepKernel+Name`) does not compile. Work is counted from the nodes that a step covers.
enum StepKernel {
  /// One operator.
  case single(OperatorKernel)
  /// Row operators.
  case rows(RowChain)
  /// Image operators.
  case image(ImageChain)
  /// Attention, with the computation of its keys and what follows it.
  case attention(AttentionStep)
  /// Attention between a few tokens and the cells of an image, with its projections.
  case tokens(TokenAttention)
  /// Tokens and values of axial attention, rounded once for all layers that read them.
  case roundTokens(TokenRounding)
}
