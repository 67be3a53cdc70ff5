extension Graph {
  /// Limits that hold for every graph, whether read from a file or built here.
  public enum Limit {
    /// The largest published model has fewer than 1,000 nodes in a graph; planning time grows with
    /// the square of the number of nodes.
    public static let nodes = 20_000
    public static let values = 40_000
    public static let nameBytes = 255
    /// Axes of one value.
    public static let rank = 8
    /// Symbols in one size.
    public static let terms = 8
    /// Largest constant or coefficient in a size.
    ///
    /// Together with `side`, it keeps every product that shape inference forms within 64 bits.
    public static let size = 1 << 31
    /// Largest height, width, window, kernel, stride or channel count in an operator.
    public static let side = 1 << 15
    /// Longest row of x in an int8 product, and deepest head in int8 attention: sums stay within 32
    /// bits.
    public static let integerDepth = 1 << 16
    /// Maximum elements that a convolution gathers for one pixel.
    static let field = 1 << 20
    /// Maximum elements of a weight rotated for every row and column of a grid.
    static let projection = 1 << 28
  }
}

extension TensorType {
  var isWithinLimits: Bool {
    shape.count <= Graph.Limit.rank && shape.allSatisfy(\.isWithinLimits)
      && shape.allSatisfy { ($0.fixed ?? 0) >= 0 }
  }
}

extension Dim {
  /// Sizes may have negative parts (`tokens - 4096`).
  var isWithinLimits: Bool {
    let range = -Graph.Limit.size...Graph.Limit.size
    return range.contains(constant) && terms.count <= Graph.Limit.terms
      && terms.allSatisfy { range.contains($0.coefficient) }
  }
}

extension Op {
  /// Whether shape inference can calculate with the payload without overflow.
  var isWithinLimits: Bool {
    func sides(_ values: Int...) -> Bool {
      values.allSatisfy { (0...Graph.Limit.side).contains($0) }
    }
    func sizes(_ shape: [Dim]) -> Bool {
      shape.count <= Graph.Limit.rank && shape.allSatisfy(\.isWithinLimits)
    }
    return switch self {
    case .conv2d(let p): sides(p.kernel, p.stride, p.padding, p.groups)
    case .convTranspose2d(let stride): sides(stride)
    case .attention(let heads, _), .quantizedAttention(let heads, _): sides(heads)
    case .axialAttention(let p): sides(p.height, p.width) && sizes([p.rotated])
    case .rotatePairs(let rotated): sizes([rotated])
    case .maxPool(let window), .averagePool(let window), .windowPartition(let window): sides(window)
    case .resize(let p): sides(p.height, p.width)
    case .windowMerge(let window, let height, let width): sides(window, height, width)
    case .reshape(let shape), .broadcast(let shape), .fill(_, let shape): sizes(shape)
    case .transpose(let axes): sides(axes.count)
    case .concat(let axis): sides(axis)
    case .slice(let axis, let start, let count): sides(axis) && sizes([start, count])
    case .sineFeatures(let channels, _): sides(channels)
    case .pixelGrid(let height, let width): sides(height, width)
    case .sineGrid(let height, let width, let channels, _): sides(height, width, channels)
    case .rotaryTable(let p): sides(p.height, p.width, p.pairs)
    case .linear, .quantizedLinear, .matmulTransposed, .layerNorm, .batchNorm, .activation, .add,
      .multiply, .affine, .dequantize, .gather, .fourierFeatures:
      true
    }
  }
}
