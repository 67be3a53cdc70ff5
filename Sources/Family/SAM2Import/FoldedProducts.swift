internal import Bytes
internal import Graph
internal import Tensors

/// Splits products that passes computed from two official weights, so that a model has all official
/// weights again.
///
/// The original factors are lost. One becomes the identity (padded with zeros beside or below) and
/// the other the product, so that a model computes the same with them.
struct FoldedProducts {
  /// Two layers with nothing between them, the second multiplied by the first.
  private struct Pair {
    let first: String
    let second: String
    /// Whether the first factor is the identity, rather than the second.
    let firstIsIdentity: Bool
  }

  /// The weights, with factors in place of products.
  private(set) var weights = WeightTable()
  /// Official names of the factors, which do not have the values of a checkpoint.
  private(set) var factors: [String] = []

  /// - Throws: `export.scale` for an int8 product without its scales.
  init(_ folded: WeightTable, _ official: OfficialTensors) throws(Failure) {
    let pairs = FoldedProducts.pairs(official)
    for name in folded.names {
      guard let base = FoldedProducts.base(of: name), let pair = pairs[base] else {
        if let tensor = folded[name] { weights.set(name, tensor) }
        continue
      }
      guard base == name, let tensor = folded[name] else { continue }
      try factor(tensor, name, pair, folded, official)
    }
  }

  /// Pairs, keyed by the name of their product.
  private static func pairs(_ official: OfficialTensors) -> [String: Pair] {
    var pairs: [String: Pair] = [:]
    // `fold-values-into-output`: tokens are narrower than values, so the identity fits first.
    for name in official.names where name.hasSuffix(".out_proj.weight") {
      let path = String(name.dropLast(".out_proj.weight".count))
      pairs["\(path).out_proj.of_tokens"] = Pair(
        first: "\(path).v_proj", second: "\(path).out_proj", firstIsIdentity: true)
    }
    // `merge-products`: the decoder's projections of the two finest levels of the neck, which
    // counts levels from the coarsest. They are narrower than the neck, so the identity fits
    // second.
    let neck = "image_encoder.neck.convs"
    let levels = official.names.count { $0.hasPrefix(neck) && $0.hasSuffix(".weight") }
    for level in 0..<2 {
      let path = "sam_mask_decoder.conv_s\(level)"
      pairs["\(path).merged"] = Pair(
        first: "\(neck).\(levels - 1 - level).conv", second: path, firstIsIdentity: false)
    }
    return pairs
  }

  /// The product that a folded weight, its scales or its bias belong to.
  private static func base(of name: String) -> String? {
    for suffix in [".bias", ".scale"] where name.hasSuffix(suffix) {
      return String(name.dropLast(suffix.count))
    }
    return name
  }

  private mutating func factor(
    _ tensor: Tensor, _ name: String, _ pair: Pair, _ folded: WeightTable,
    _ official: OfficialTensors
  ) throws(Failure) {
    guard let first = official.shapes["\(pair.first).weight"], first.count >= 2,
      let second = official.shapes["\(pair.second).weight"], second.count >= 2,
      first[0] == second[1], tensor.shape == Shape([second[0], first[1]]),
      first[0] >= (pair.firstIsIdentity ? first[1] : second[0])
    else {
      // The exporter refuses names that are not official.
      weights.set(name, tensor)
      return
    }
    let (rows, inner, columns) = (second[0], first[0], first[1])
    var matrix = tensor.floats()
    if tensor.dtype == .int8 { try WeightScales.apply(&matrix, name, folded) }
    var before = [Float](repeating: 0, count: inner * columns)
    var after = [Float](repeating: 0, count: rows * inner)
    if pair.firstIsIdentity {
      for column in 0..<columns { before[column * columns + column] = 1 }
      for row in 0..<rows {
        for column in 0..<columns { after[row * inner + column] = matrix[row * columns + column] }
      }
    } else {
      for row in 0..<rows { after[row * inner + row] = 1 }
      before.replaceSubrange(0..<(rows * columns), with: matrix)
    }
    set("\(pair.first).weight", Tensor(before, shape: Shape([inner, columns])))
    set("\(pair.first).bias", Tensor([Float](repeating: 0, count: inner), shape: Shape([inner])))
    set("\(pair.second).weight", Tensor(after, shape: Shape([rows, inner])))
    let bias = folded["\(name).bias"] ?? Tensor([Float](repeating: 0, count: rows), shape: [rows])
    set("\(pair.second).bias", bias)
  }

  private mutating func set(_ name: String, _ tensor: Tensor) {
    weights.set(name, tensor)
    factors.append(name)
  }
}
