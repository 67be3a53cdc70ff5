internal import Graph

/// Image operators that run as one step: a few rows of an image pass through all of them inside one
/// thread's scratch, and nothing in between reaches the arena.
///
/// It starts with a transposed convolution, whose kernel equals its stride, so that no row needs
/// its neighbours; then come sums, LayerNorms, activations and further such convolutions, and
/// perhaps a product of each pixel with some filters. Every pixel passes through the same kernels
/// as in separate steps. The decoder computes masks from tokens in this way: at full size its maps
/// would take 8 to 16 MB per prompt and pass through memory ten times.
struct ImageChain {
  enum Link {
    case transposedConvolution(PackedCells)
    /// Position of the summand in the step's operands: [1 or B, H, W, C].
    case add(Int)
    case norm(RowChain.Norm)
    case activate(Activation)
    /// Position of the filters [B, M, C] in the step's operands; gives [B, M, H * W] and is last.
    case filter(Int)
  }

  var links: [Link] = []
  /// Of the source.
  let height: Int
  let width: Int
  let channels: Int

  /// Source pixels of a task: enough to amortise loading the weights, and few enough for the results
  /// to stay in L2.
  private static let targetPixels = 64

  /// Source rows of a task.
  var rowsPerTask: Int { max(1, min(height, Self.targetPixels / max(1, width))) }

  var maximumChannels: Int {
    var maximum = channels
    for case .transposedConvolution(let packed) in links {
      maximum = max(maximum, packed.outputs)
    }
    return maximum
  }

  /// Floats of the largest map that `rows` source rows become on the way.
  func largestMap(rows: Int) -> Int {
    var pixels = rows * width
    var largest = pixels * channels
    for case .transposedConvolution(let packed) in links {
      largest = max(largest, pixels * packed.columns)
      pixels *= packed.stride * packed.stride
    }
    return largest
  }
}
