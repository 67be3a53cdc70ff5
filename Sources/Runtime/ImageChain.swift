internal import Graph

/// Image operators that run as one step: a few rows of an image go through all of them inside one
/// thread's scratch, and what lies between never reaches the arena.
///
/// It starts with a transposed convolution, whose kernel equals its stride, so that no row needs
/// its neighbours; then come sums, LayerNorms, activations and further such convolutions, and
/// perhaps a product of each pixel with some filters. Every pixel meets the same kernels as in steps
/// of their own. This is how the decoder makes masks of tokens: at full size its maps would be 8 to
/// 16 MB a prompt, and pass through memory ten times.
struct ImageChain {
  enum Link {
    case transposedConvolution(PackedWeight, stride: Int)
    /// Position of the summand in the step's operands: [1 or B, H, W, C].
    case add(Int)
    /// Positions of the affine map in the step's operands.
    case norm(weight: Int, bias: Int, epsilon: Float)
    case activate(Activation)
    /// Position of the filters [B, M, C] in the step's operands; gives [B, M, H * W] and is last.
    case filter(Int)
  }

  var links: [Link] = []
  /// Of the source.
  let height: Int
  let width: Int
  let channels: Int

  /// Source pixels of a task: a convolution's weights pay off, and its results stay in L2.
  private static let wishedPixels = 64

  /// Source rows of a task.
  var rowsPerTask: Int { min(height, max(1, Self.wishedPixels / width)) }

  var mostChannels: Int {
    var most = channels
    for case .transposedConvolution(let packed, let stride) in links {
      most = max(most, packed.columns / (stride * stride))
    }
    return most
  }

  /// Floats of the largest map that `rows` source rows become on the way.
  func largestMap(rows: Int) -> Int {
    var pixels = rows * width
    var largest = pixels * channels
    for case .transposedConvolution(let packed, let stride) in links {
      largest = max(largest, pixels * packed.columns)
      pixels *= stride * stride
    }
    return largest
  }

  /// Multiply-accumulates for `batch` images that end as `results` numbers.
  func work(batch: Int, results: Int) -> Double {
    var pixels = Double(batch * height * width)
    var sum = 0.0
    var last = 0.0
    for link in links {
      switch link {
      case .transposedConvolution(let packed, let stride):
        sum += pixels * Double(packed.columns * packed.depth)
        pixels *= Double(stride * stride)
        last = Double(packed.columns / (stride * stride))
      case .filter: sum += Double(results) * last
      case .add, .norm, .activate: break
      }
    }
    return sum
  }
}

/// An image chain found in a graph.
struct ImageChainPattern {
  /// Nodes of the chain that have a step of their own no more: all but the last.
  var absorbed: [Int] = []
  /// The node whose result the chain writes; the chain runs in its place.
  var end: Int
  /// Links in order, with the nodes they come from.
  var nodes: [Int] = []
}

extension ImageChainPattern {
  /// The chain that starts with the transposed convolution at `start`; nil when it would be alone.
  ///
  /// `next` gives the only node that uses a value, if there is one and no output needs the value.
  static func find(
    _ graph: Graph, start: Int, next: (ValueID) -> Int?
  ) -> ImageChainPattern? {
    guard case .convTranspose2d = graph.nodes[start].op else { return nil }
    var chain = ImageChainPattern(end: start, nodes: [start])
    search: while let index = next(graph.nodes[chain.end].result) {
      let (node, value) = (graph.nodes[index], graph.nodes[chain.end].result)
      switch node.op {
      case .convTranspose2d, .layerNorm, .activation:
        guard node.operands[0] == value else { break search }
        chain.take(index)
      case .add where graph.isImageSum(node, of: value): chain.take(index)
      case .reshape:
        guard let product = next(node.result), graph.isFiltering(product, pixels: node, of: value)
        else { break search }
        chain.absorbed.append(index)
        chain.take(product)
        break search
      default: break search
      }
    }
    return chain.nodes.count > 1 ? chain : nil
  }

  private mutating func take(_ index: Int) {
    absorbed.append(end)
    nodes.append(index)
    end = index
  }
}

extension Graph {
  fileprivate func fixedShape(_ value: ValueID) -> [Int] {
    self[value].type.shape.map { $0.fixed ?? 0 }
  }

  /// Whether `node` adds to the image `value` another one of its size, or one for all of the batch.
  fileprivate func isImageSum(_ node: Graph.Node, of value: ValueID) -> Bool {
    let other = node.operands[0] == value ? node.operands[1] : node.operands[0]
    let (shape, added) = (fixedShape(value), fixedShape(other))
    return other != value && added.count == 4 && added.dropFirst() == shape.dropFirst()
      && (added[0] == 1 || added[0] == shape[0])
  }

  /// Whether the node at `product` multiplies filters with the pixels that `reshape` makes of
  /// `value`.
  fileprivate func isFiltering(_ product: Int, pixels reshape: Graph.Node, of value: ValueID)
    -> Bool
  {
    let (image, pixels) = (fixedShape(value), fixedShape(reshape.result))
    let node = nodes[product]
    return node.op == .matmulTransposed && node.operands[1] == reshape.result
      && node.operands[0] != reshape.result && image.count == 4
      && pixels == [image[0], image[1] * image[2], image[3]]
  }
}
