/// Rows that a product reads or adds.
struct ProductRows {
  var start: UnsafePointer<Float>
  /// Floats from one row to the next.
  var stride: Int
  var count: Int
}
