internal import Bytes
internal import Graph
internal import Tensors

/// Takes apart the products of attention's value and output projections that the pass
/// `fold-values-into-output` leaves behind, so that a model has all official weights again.
///
/// The original factors are gone. The value projection becomes the identity on the tokens (zeros
/// below), and the output projection the product (zeros beside it): what a model computes with them
/// is the same.
struct FoldedProducts {
  private static let product = ".out_proj.of_tokens"

  /// The weights with factors where products were.
  private(set) var weights = WeightTable()
  /// Official names of the factors; none are the values of a checkpoint.
  private(set) var factors: [String] = []

  /// - Throws: `export.scale` for an int8 product without its scales.
  init(_ folded: WeightTable, _ official: OfficialTensors) throws(Failure) {
    for name in folded.names {
      guard let part = FoldedProducts.split(name) else {
        if let tensor = folded[name] { weights.set(name, tensor) }
        continue
      }
      guard part.isProduct, let tensor = folded[name] else { continue }
      try factor(tensor, name, at: part.path, folded, official)
    }
  }

  /// The attention that a folded weight, its scales or its bias belong to.
  private static func split(_ name: String) -> (path: String, isProduct: Bool)? {
    for suffix in ["", ".bias", ".scale"] where name.hasSuffix(product + suffix) {
      return (String(name.dropLast((product + suffix).count)), suffix.isEmpty)
    }
    return nil
  }

  private mutating func factor(
    _ tensor: Tensor, _ name: String, at path: String, _ folded: WeightTable,
    _ official: OfficialTensors
  ) throws(Failure) {
    guard let values = official.shapes["\(path).v_proj.weight"], values.count == 2,
      let outputs = official.shapes["\(path).out_proj.weight"], outputs.count == 2,
      tensor.shape == Shape([outputs[0], values[1]]), values[0] == outputs[1],
      values[0] >= values[1]
    else {
      // The exporter refuses what is not official by name.
      weights.set(name, tensor)
      return
    }
    let (rows, inner, tokens) = (outputs[0], values[0], values[1])
    var matrix = tensor.floats()
    if tensor.dtype == .int8 { try WeightScales.apply(&matrix, name, folded) }
    var identity = [Float](repeating: 0, count: inner * tokens)
    for token in 0..<tokens { identity[token * tokens + token] = 1 }
    var output = [Float](repeating: 0, count: rows * inner)
    for row in 0..<rows {
      for token in 0..<tokens { output[row * inner + token] = matrix[row * tokens + token] }
    }
    set("\(path).v_proj.weight", Tensor(identity, shape: Shape([inner, tokens])))
    set("\(path).v_proj.bias", Tensor([Float](repeating: 0, count: inner), shape: Shape([inner])))
    set("\(path).out_proj.weight", Tensor(output, shape: Shape([rows, inner])))
    let bias = folded["\(name).bias"] ?? Tensor([Float](repeating: 0, count: rows), shape: [rows])
    set("\(path).out_proj.bias", bias)
  }

  private mutating func set(_ name: String, _ tensor: Tensor) {
    weights.set(name, tensor)
    factors.append(name)
  }
}
