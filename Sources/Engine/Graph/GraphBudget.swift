/// Most that one call of a graph may ask of a machine.
///
/// A graph is a program that a stranger may have written: a few bytes of it can ask for years and
/// for more memory than there is. The standard budget is many times what the largest honest models
/// need, and whoever needs more raises it.
public struct GraphBudget: Hashable, Sendable {
  /// Elements of one value.
  public var elements = 1 << 32
  /// Bytes of the values that are needed at the same time.
  public var bytes = 64 << 30
  /// Bytes of what depends on nothing but weights, beyond those of the weights as floats: it is
  /// kept as long as the model.
  public var constantBytes = 2 << 30
  /// Multiply-accumulates of one call, and one for each element that a node writes.
  public var work = 1 << 47
  /// The same for what depends on nothing but weights.
  public var constantWork = 1 << 35

  public init() {}

  public static let standard = GraphBudget()
  /// No limit but that of 64-bit numbers.
  public static let unlimited = {
    var budget = GraphBudget()
    budget.elements = .max
    budget.bytes = .max
    budget.constantBytes = .max
    budget.work = .max
    budget.constantWork = .max
    return budget
  }()
}
