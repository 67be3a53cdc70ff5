/// Time spent in one graph.
public struct GraphTiming: Sendable {
  public var calls = 0
  public var seconds = 0.0
  /// Multiply-accumulates of float32 products, and of int8 products.
  public var floatWork = 0.0
  public var int8Work = 0.0

  public init() {}

  mutating func add(seconds: Double, _ work: Work) {
    calls += 1
    self.seconds += seconds
    floatWork += work.float
    int8Work += work.int8
  }
}
