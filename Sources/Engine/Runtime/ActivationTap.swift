public import Graph

/// Shows chosen values of a model's graphs while they run, for calibration.
///
/// A program without a tap does no work for it. A tapped value is computed as in the graph: it is
/// neither fused away nor left as strided rows.
public struct ActivationTap: Sendable {
  /// Values to show, by the name of their graph.
  public let values: [String: Set<ValueID>]
  /// Called as soon as a value is complete; the elements are valid only during the call.
  ///
  /// Values that depend on nothing but weights are constants and are not shown.
  public let receive: @Sendable (_ graph: String, _ value: ValueID, _ elements: TappedValue) -> Void

  public init(
    values: [String: Set<ValueID>],
    receive:
      @escaping @Sendable (_ graph: String, _ value: ValueID, _ elements: TappedValue) ->
      Void
  ) {
    self.values = values
    self.receive = receive
  }
}

/// Float32 elements of a value while a graph runs, as rows along the last axis.
public struct TappedValue {
  public let shape: [Int]
  let base: UnsafePointer<Float>
  /// Elements from one row to the next.
  let rowStride: Int

  /// For tests: rows `rowStride` elements apart from `base` on, which must outlive the value.
  package init(shape: [Int], base: UnsafePointer<Float>, rowStride: Int) {
    self.shape = shape
    self.base = base
    self.rowStride = rowStride
  }

  public var columns: Int { shape.last ?? 1 }
  public var rows: Int { columns == 0 ? 0 : shape.reduce(1, *) / columns }

  /// Calls `body` with row `index`, which must be below `rows`.
  public func withRow<Result>(
    _ index: Int, _ body: (UnsafeBufferPointer<Float>) -> Result
  ) -> Result {
    precondition(index >= 0 && index < rows, "row outside the value")
    return body(UnsafeBufferPointer(start: base + index * rowStride, count: columns))
  }

  /// A copy of all elements in order.
  public func elements() -> [Float] {
    var copy: [Float] = []
    copy.reserveCapacity(rows * columns)
    for row in 0..<rows { withRow(row) { copy.append(contentsOf: $0) } }
    return copy
  }
}
