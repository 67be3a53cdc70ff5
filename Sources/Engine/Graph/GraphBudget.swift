/// Maximum memory and work that one call of a graph may demand from a machine.
///
/// A graph is a program that a stranger may have written: a few bytes of it can demand years of
/// work, or more memory than there is. The standard budget is many times the needs of the largest
/// honest models; raise it to run anything larger.
public struct GraphBudget: Hashable, Sendable {
  /// Elements in one value.
  public var elements = 1 << 32
  /// Bytes of all values needed at the same time.
  public var bytes = 64 << 30
  /// Bytes of everything that depends only on weights, beyond those of the weights as floats; it is
  /// kept as long as the model.
  public var constantBytes = 2 << 30
  /// Multiply-accumulates in one call, plus one for each element that a node writes.
  public var work = 1 << 47
  /// The same for nodes that depend only on weights.
  public var constantWork = 1 << 35

  public init() {}

  public static let standard = GraphBudget()

  /// The same limits multiplied by `factor`, which counts as at least 1.
  public func scaled(by factor: Int) -> GraphBudget {
    func scaled(_ limit: Int) -> Int {
      let (product, overflow) = limit.multipliedReportingOverflow(by: max(factor, 1))
      return overflow ? .max : product
    }
    var budget = self
    budget.elements = scaled(elements)
    budget.bytes = scaled(bytes)
    budget.constantBytes = scaled(constantBytes)
    budget.work = scaled(work)
    budget.constantWork = scaled(constantWork)
    return budget
  }

  /// No limits except those of 64-bit numbers.
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
