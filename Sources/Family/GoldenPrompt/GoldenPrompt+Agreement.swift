public import Bytes

extension GoldenPrompt {
  /// Relative distance between outputs that kernel levels may cause in float graphs by adding in a
  /// different order.
  public static let floatTolerance = 1e-4
  /// The same in graphs that round on the fly, where a last bit may push a value across a step.
  public static let roundedTolerance = 2e-2

  /// How one graph of this run compares with that of `other`.
  public struct Agreement: Sendable, Hashable {
    public let graph: String
    /// Whether the integer sums are equal; nil if the graph has none.
    public let integersAgree: Bool?
    /// The largest relative distance of an output.
    public let error: Double
    public let tolerance: Double
    /// The output with the largest distance.
    public let output: String

    public var isWithinTolerance: Bool { integersAgree != false && error <= tolerance }
  }

  /// Compares this run with the one recorded in a file, graph by graph, in the file's order.
  /// - Throws: `golden.graphs` when the graphs or their outputs are not the same.
  public func agreement(with recorded: GoldenPrompt) throws(Failure) -> [Agreement] {
    guard records.map(\.graph) == recorded.records.map(\.graph) else {
      throw Self.mismatch("graphs")
    }
    var found: [Agreement] = []
    for (mine, theirs) in zip(records, recorded.records) {
      guard mine.outputs.map(\.name) == theirs.outputs.map(\.name),
        (mine.integers == nil) == (theirs.integers == nil)
      else { throw Self.mismatch("outputs of graph \(mine.graph)") }
      var worst = (output: "", error: 0.0)
      for (a, b) in zip(mine.outputs, theirs.outputs) {
        let error = a.distance(to: b)
        if error > worst.error || worst.output.isEmpty || error.isNaN { worst = (a.name, error) }
        if error.isNaN { break }
      }
      found.append(
        Agreement(
          graph: mine.graph, integersAgree: mine.integers.map { $0 == theirs.integers },
          error: worst.error,
          tolerance: mine.integers == nil ? Self.floatTolerance : Self.roundedTolerance,
          output: worst.output))
    }
    return found
  }

  private static func mismatch(_ what: String) -> Failure {
    Failure(
      .badInput, code: "golden.graphs",
      "the golden prompt of the file is about other \(what) than the file holds",
      hint: "convert or quantise the model again")
  }
}

extension GoldenPrompt.Agreement {
  /// The failure; nil if both agree.
  public var failure: Failure? {
    guard !isWithinTolerance else { return nil }
    let what =
      integersAgree == false
      ? "other integers"
      : "other numbers in \(output), off by \(error) where \(tolerance) is allowed,"
    return Failure(
      .badInput, code: "golden.differs",
      "graph \(graph) gives \(what) than when the file was written", place: "graph \(graph)",
      hint: "the file was changed, or this machine or build computes something else: "
        + "compare with another machine, or convert the checkpoint again")
  }
}

extension GoldenPrompt.Output {
  /// The relative distance between the samples or between the sizes of all elements, whichever is
  /// larger.
  func distance(to other: Self) -> Double {
    guard sample.count == other.sample.count else { return .infinity }
    var (noise, signal) = (0.0, 0.0)
    for (x, y) in zip(sample, other.sample) where !x.isSame(as: y) {
      // A value that is NaN or infinite on only one side is a maximal error.
      guard x.isFinite, y.isFinite else { return .infinity }
      noise += (Double(x) - Double(y)) * (Double(x) - Double(y))
    }
    for y in other.sample where y.isFinite { signal += Double(y) * Double(y) }
    let distance = noise > 0 ? (signal > 0 ? (noise / signal).squareRoot() : .infinity) : 0
    guard !size.isSame(as: other.size) else { return distance }
    guard size.isFinite, other.size.isFinite, other.size > 0 else { return .infinity }
    return max(distance, abs(Double(size) / Double(other.size) - 1))
  }
}

extension Float {
  /// Whether both are the same number, or neither is a number.
  fileprivate func isSame(as other: Float) -> Bool { self == other || isNaN && other.isNaN }
}
