internal import Glibc
internal import Graph
internal import Tensors

/// An int8 attention whose queries and keys are used nowhere else: query channels may be divided by
/// any positive factors if key channels are multiplied by the same factors, and no score changes.
///
/// Both are rounded per token and head. A channel that is large in queries and small in keys would
/// coarsen the steps of the former and vanish in the latter. Factors are folded into the rows of
/// the products that compute queries and keys; a pair of channels that positions rotate shares one
/// factor.
struct ScoreGroup {
  /// Label of the attention.
  let label: String
  let heads: Int
  let channelCount: Int
  let queries: Projection
  let keys: Projection

  var isRotated: Bool { queries.isRotated || keys.isRotated }

  /// The groups of `model` whose attention runs in int8 according to `recipe`.
  static func all(in model: Model, recipe: Recipe) -> [ScoreGroup] {
    let shared = model.sharedWeights
    return model.graphs.flatMap { graph in
      let finder = ProjectionFinder(graph, shared: shared)
      return graph.nodes.compactMap { group(of: $0, in: graph, finder, recipe) }
    }
  }

  private static func group(
    of node: Graph.Node, in graph: Graph, _ finder: ProjectionFinder, _ recipe: Recipe
  ) -> ScoreGroup? {
    guard case .attention(let heads, _) = node.op, heads > 0,
      recipe.reasonToKeepAttention(
        label: node.label, graph: graph.name,
        keys: graph[node.operands[1]].type.shape[1].fixed) == nil,
      let channels = graph[node.operands[0]].type.shape.last?.fixed, channels > 0,
      channels % heads == 0,
      let queries = finder.projection(of: node.operands[0], allowsRotation: true),
      let keys = finder.projection(of: node.operands[1], allowsRotation: true)
    else { return nil }
    return ScoreGroup(
      label: node.label, heads: heads, channelCount: channels, queries: queries, keys: keys)
  }
}

/// Chooses the factors of a `ScoreGroup` and folds them into the weights.
///
/// Candidates are s = q^alpha / k^(1 - alpha), with q and k the root mean square of a channel in
/// sampled rows, and s = 1. The error of a score is about
///
///     max q^2 * sum k^2 + max k^2 * sum q^2      of each head, largest and sum over its channels
///
/// times a number common to all candidates: both operands are rounded in steps of their largest
/// value.
struct ScoreBalance {
  let factors: [Float]

  private static let alphas: [Float] = [0.35, 0.5, 0.65]
  /// Maximum expected error, relative to that without a change, at which a change is applied.
  private static let worthwhileGain = 0.9
  private static let rowCount = 64
  /// Factors are kept within this ratio of their geometric mean.
  private static let largestFactor: Float = 4096

  /// Nil when balancing is not worth it, or nothing is known about queries or keys.
  init?(_ group: ScoreGroup, _ weights: WeightTable, _ profile: CalibrationProfile) {
    func rows(_ projection: Projection) -> [Float]? {
      profile.inputs[projection.weight].flatMap {
        ProjectedRows(
          $0, weights, projection.weight, bias: projection.bias, start: projection.start,
          count: group.channelCount, limit: Self.rowCount)?.values
      }
    }
    guard let queries = rows(group.queries), let keys = rows(group.keys) else { return nil }
    let (q, k) = (Self.sizes(queries, group), Self.sizes(keys, group))
    let plain = [Float](repeating: 1, count: group.channelCount)
    let reference = Self.error(queries, keys, plain, group.heads)
    var best: (factors: [Float], error: Double)?
    for alpha in Self.alphas {
      let factors = Self.factors(alpha, q, k)
      let error = Self.error(queries, keys, factors, group.heads)
      if error < Self.worthwhileGain * (best?.error ?? reference), error < best?.error ?? .infinity
      {
        best = (factors, error)
      }
    }
    guard let best else { return nil }
    factors = best.factors
  }

  /// Root mean square of each channel, or of each pair of channels that rotate together.
  private static func sizes(_ rows: [Float], _ group: ScoreGroup) -> [Float] {
    let channels = group.channelCount
    var squares = [Float](repeating: 0, count: channels)
    for (index, x) in rows.enumerated() { squares[index % channels] += x * x }
    if group.isRotated {
      for pair in stride(from: 0, to: channels - 1, by: 2) {
        let sum = (squares[pair] + squares[pair + 1]) / 2
        (squares[pair], squares[pair + 1]) = (sum, sum)
      }
    }
    let count = Float(max(1, rows.count / max(1, channels)))
    return squares.map { ($0 / count).squareRoot() }
  }

  private static func factors(_ alpha: Float, _ q: [Float], _ k: [Float]) -> [Float] {
    let logarithms = zip(q, k).map { q, k in
      q > 0 && k > 0 ? alpha * log(q) - (1 - alpha) * log(k) : Float.nan
    }
    let known = logarithms.filter(\.isFinite)
    let mean = known.reduce(0, +) / Float(max(1, known.count))
    let limit = log(largestFactor)
    // Powers of two: inputs that differ only in the last bits give the same factors, and folding
    // rounds nothing.
    return logarithms.map {
      $0.isFinite ? exp(min(limit, max(-limit, $0 - mean))).roundedToPowerOfTwo : 1
    }
  }

  private static func error(
    _ queries: [Float], _ keys: [Float], _ factors: [Float], _ heads: Int
  ) -> Double {
    let q = moments(queries, factors.map { 1 / $0 }, heads)
    let k = moments(keys, factors, heads)
    return zip(q, k).reduce(0) { $0 + $1.0.largest * $1.1.sum + $1.1.largest * $1.0.sum }
  }

  /// Per head, the means over the rows of the largest square and of the sum of squares.
  private static func moments(
    _ rows: [Float], _ scales: [Float], _ heads: Int
  ) -> [(largest: Double, sum: Double)] {
    let (channels, depth) = (scales.count, scales.count / heads)
    let count = Double(max(1, rows.count / max(1, channels)))
    var result = [(largest: Double, sum: Double)](repeating: (0, 0), count: heads)
    for row in stride(from: 0, to: rows.count, by: channels) {
      for head in 0..<heads {
        var (largest, sum) = (Float(0), Float(0))
        for k in (head * depth)..<((head + 1) * depth) {
          let value = rows[row + k] * scales[k]
          largest = max(largest, value * value)
          sum += value * value
        }
        result[head].largest += Double(largest) / count
        result[head].sum += Double(sum) / count
      }
    }
    return result
  }
}

extension ScoreGroup {
  /// Divides queries and multiplies keys; scores do not change.
  func fold(_ balance: ScoreBalance, into weights: inout WeightTable) {
    scale(queries, by: balance.factors.map { 1 / $0 }, &weights)
    scale(keys, by: balance.factors, &weights)
  }

  private func scale(
    _ projection: Projection, by factors: [Float], _ weights: inout WeightTable
  ) {
    for name in [projection.weight, projection.bias] {
      guard let name, let tensor = weights[name] else { continue }
      var values = tensor.floats()
      let depth = tensor.elementCount / max(1, tensor.shape[0])
      for row in factors.indices {
        let start = (projection.start + row) * depth
        for i in start..<(start + depth) { values[i] *= factors[row] }
      }
      weights.set(name, Tensor(values, shape: tensor.shape))
    }
  }
}
