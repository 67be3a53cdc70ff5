import Bytes
import Glibc
import Graph
import SAM2Config

// `attend_pooled_memory`: the same for one object with several memories whose cells are pooled
// (Xiong et al., "Efficient Track Anything", arXiv 2411.18933).
//
// features [1, h, w, C], memory [M, h * w, Cm], memory_position [M, h * w, Cm], pointers [1, P, C],
// pointer_positions [P, Cm] -> features [1, h, w, C].

extension MemoryAttentionGraph {
  /// Side of the window of a memory's cells that are pooled into one.
  private static let window = 2
  /// Channels that carry the amount that scores are raised by: several, so that none is large.
  private static let extraChannels = 8

  /// Attention of projected queries to the first `count` rows of `keys`, pooled, and to the rest.
  mutating func pooledAttention(
    _ queries: ValueID, _ keys: ValueID, _ values: ValueID, memories count: Dim, _ path: String
  ) throws(Failure) -> ValueID {
    let c = writer.configuration
    let raised = Float(2 * log(Double(Self.window)))
    let scale = 1 / Float(c.dModel).squareRoot()
    let (pooledValues, otherValues) = try split(values, count: count, path)
    var (pooledKeys, otherKeys) = try split(keys, count: count, path)
    var queries = queries
    switch c.memory.attention.pooling {
    case .none: break
    case .raisedKeys:
      pooledKeys = try writer.add(
        .affine(scale: 1, offset: raised), pooledKeys, label: path)
    case .raisedScores:
      // In the extra channels, query times key is the amount that raises their score.
      queries = try widened(queries, by: 1, path)
      pooledKeys = try widened(
        pooledKeys, by: raised / scale / Float(Self.extraChannels), path)
      otherKeys = try widened(otherKeys, by: 0, path)
    }
    let k = try writer.concat([pooledKeys, otherKeys], axis: 1, label: path)
    let v = try writer.concat([pooledValues, otherValues], axis: 1, label: path)
    return try writer.add(.attention(heads: 1, scale: scale), queries, k, v, label: path)
  }

  /// The first `count` rows of x [1, N, C], averaged over windows of their maps, and the others.
  private mutating func split(
    _ x: ValueID, count: Dim, _ path: String
  ) throws(Failure) -> (pooled: ValueID, others: ValueID) {
    let side = writer.configuration.featureSide
    let (map, pooledMap) = (Dim(constant: side), side / Self.window)
    let first = try writer.add(.slice(axis: 1, start: 0, count: count), x, label: path)
    var y = try writer.reshape(first, Self.memoryCount, map, map, width, label: path)
    y = try writer.add(.averagePool(window: Self.window), y, label: path)
    y = try writer.reshape(y, 1, Self.memoryCount * (pooledMap * pooledMap), width, label: path)
    let others = try writer.add(
      .slice(axis: 1, start: count, count: pointerTokens), x, label: path)
    return (y, others)
  }

  /// x with extra channels that are all `value`.
  private mutating func widened(
    _ x: ValueID, by value: Float, _ path: String
  ) throws(Failure) -> ValueID {
    let shape = writer.shape(of: x)
    let extra = try writer.add(
      .fill(value, [shape[0], shape[1], Dim(constant: Self.extraChannels)]), label: path)
    return try writer.concat([x, extra], axis: 2, label: path)
  }
}
