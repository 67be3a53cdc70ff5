internal import Bytes
internal import Graph
internal import Tensors

/// A weight in double precision, as passes calculate with it: a matrix, or a vector as one column.
struct DoubleMatrix {
  let rows: Int
  let columns: Int
  /// Row-major.
  let values: [Double]

  private init(rows: Int, columns: Int, values: [Double]) {
    (self.rows, self.columns, self.values) = (rows, columns, values)
  }

  /// The weight of the value `id`.
  /// - Throws: `pass.weight` when it is not a weight, `model.weight` when the table lacks it.
  init(_ graph: Graph, _ id: ValueID, _ weights: WeightTable) throws(Failure) {
    guard let name = graph.weightName(id) else {
      throw Failure(
        .internalError, code: "pass.weight", "value \(id.index) is not a weight",
        place: "graph \(graph.name)")
    }
    guard let tensor = weights[name] else {
      throw Failure(
        .badInput, code: "model.weight", "weight \(name) is missing", place: "graph \(graph.name)")
    }
    rows = tensor.shape.rank > 0 ? tensor.shape[0] : 1
    columns = rows == 0 ? 0 : tensor.elementCount / rows
    values = tensor.floats().map(Double.init)
  }

  func times(_ other: DoubleMatrix) -> DoubleMatrix {
    var product = [Double](repeating: 0, count: rows * other.columns)
    for row in 0..<rows {
      for inner in 0..<columns {
        let factor = values[row * columns + inner]
        for column in 0..<other.columns {
          product[row * other.columns + column] +=
            factor
            * other.values[
              inner * other.columns + column]
        }
      }
    }
    return DoubleMatrix(rows: rows, columns: other.columns, values: product)
  }

  /// Rounded once, [rows, columns].
  var tensor: Tensor { Tensor(values.map(Float.init), shape: Shape([rows, columns])) }
}

extension WeightTable {
  /// Adds a weight derived from that called `name`, and returns its name: `name` with `suffix`.
  ///
  /// When another weight has that name already, equal numbers share it, and others get a number.
  mutating func setDerived(from name: String, _ suffix: String, _ tensor: Tensor) -> String {
    let base = name.hasSuffix(".weight") ? String(name.dropLast(7)) : name
    var candidate = "\(base).\(suffix)"
    var number = 2
    while let known = self[candidate] {
      if known.isSame(as: tensor) { return candidate }
      candidate = "\(base).\(suffix).\(number)"
      number += 1
    }
    set(candidate, tensor)
    return candidate
  }
}

extension Tensor {
  fileprivate func isSame(as other: Tensor) -> Bool {
    unsafe shape == other.shape && dtype == other.dtype
      && withUnsafeBytes { a in unsafe other.withUnsafeBytes { b in unsafe a.elementsEqual(b) } }
  }
}
