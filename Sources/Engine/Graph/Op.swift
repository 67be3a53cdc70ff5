/// Everything a graph can compute.
///
/// Closed on purpose: a new operator does not compile until its shapes (`Op+Shapes`), meaning
/// (`Reference`), file code (`ModelFile`) and kernels (`Runtime`) exist. `Formats/operators.md` has
/// the formulas.
///
/// Images are channels-last, [batch, height, width, channels]. Weights keep the layout and names of
/// the PyTorch checkpoint.
public enum Op: Hashable, Sendable {
  // MARK: Products

  /// x [..., K], weight [N, K] (trailing axes of size 1 allowed: a 1x1 convolution), bias [N] if
  /// `hasBias`, residual [..., N] if `hasResidual` -> activation(x W^T + bias) + residual.
  case linear(Linear)
  /// Like `linear`, but with an int8 weight followed by its scale [N]: rows of x are quantised on
  /// the fly (`Formats/quantization.md`).
  case quantizedLinear(Linear)
  /// a [B, M, K], b [B, N, K] -> a b^T [B, M, N].
  case matmulTransposed
  /// x [B, H, W, C], weight [O, C / groups, kernel, kernel], bias [O] if `hasBias`.
  /// Groups are 1 or C (depthwise).
  case conv2d(Convolution)
  /// Kernel equals stride, no padding: x [B, H, W, C], weight [C, O, stride, stride], bias [O]
  /// -> [B, H * stride, W * stride, O].
  case convTranspose2d(stride: Int)
  /// q [B, Nq, heads * D], k [B, Nk, heads * D], v [B, Nk, heads * Dv] ->
  /// softmax(scale q k^T) v, [B, Nq, heads * Dv].
  case attention(heads: Int, scale: Float)
  /// Like `attention`, but in int8: queries, keys, weights and values are rounded on the fly
  /// (`Formats/quantization.md`).
  case quantizedAttention(heads: Int, scale: Float)
  /// q [B, Nq, D] with rotary positions, tokens [B, M, C], v [B, M, E], weight int8 [D, C], its
  /// scale [D], bias [D] if `hasBias` -> softmax(scale q k^T) v, [B, Nq, E], one head, where k are
  /// the tokens' rows of `linear`, of which the first `rotated` are rotated like `rotatePairs` by
  /// the `rotaryTable` of the grid. In int8 (`Formats/quantization.md`).
  case axialAttention(AxialAttention)

  // MARK: Elementwise and rows

  /// x [..., C], weight [C], bias [C]; biased variance.
  case layerNorm(epsilon: Float)
  /// x [..., C], weight, bias, mean and variance [C]: (x - mean) / sqrt(variance + epsilon) *
  /// weight + bias, with statistics from training.
  case batchNorm(epsilon: Float)
  case activation(Activation)
  /// Sum with right-aligned broadcasting (sizes equal, or 1).
  case add
  /// Product with right-aligned broadcasting.
  case multiply
  /// x * scale + offset.
  case affine(scale: Float, offset: Float)
  /// x [B, N, C], cosine and sine [T, C / 2]: rotates channel pairs (2j, 2j + 1) of token n by
  /// table row n mod T, for n < `rotated`; later tokens pass through unchanged.
  case rotatePairs(rotated: Dim)

  /// x int8 [N, ...], scale [N] -> x * scale, float [N, ...]: weights that are stored in int8 and
  /// computed in float.
  case dequantize

  // MARK: Space

  /// x [B, H, W, C]: maximum over window x window cells at stride `window`.
  case maxPool(window: Int)
  /// x [B, H, W, C]: mean over window x window cells at stride `window`.
  case averagePool(window: Int)
  /// x [B, H, W, C] to a fixed size, half-pixel centres.
  case resize(Resize)
  /// x [B, H, W, C] -> [B * windows, window, window, C], zero-padded on the right and at the
  /// bottom.
  case windowPartition(window: Int)
  /// Inverse of `windowPartition`, cropping to [B, height, width, C].
  case windowMerge(window: Int, height: Int, width: Int)

  // MARK: Movement

  case reshape([Dim])
  case transpose([Int])
  case concat(axis: Int)
  case slice(axis: Int, start: Dim, count: Dim)
  /// Repeats axes of size 1 (and adds leading axes) up to `shape`.
  case broadcast([Dim])
  /// table [T, C], indices int32 [...] -> [..., C].
  case gather

  // MARK: Positions

  /// x [..., 2] in 0...1, matrix [2, F] -> [sin | cos](2 pi (2 x - 1) matrix), [..., 2 F].
  case fourierFeatures
  /// x [..., 1] -> [sin | cos](x / temperature^(2 floor(i / 2) / (channels / 2))), [..., channels]:
  /// the reference's 1-D encoding of pointer times.
  case sineFeatures(channels: Int, temperature: Float)
  /// No operands: pixel centres (x, y) in 0...1, [height, width, 2].
  case pixelGrid(height: Int, width: Int)
  /// No operands: the normalised 2-D sine encoding of DETR, [height, width, channels].
  case sineGrid(height: Int, width: Int, channels: Int, temperature: Float)
  /// No operands: cosines or sines of axial rotary angles, [height * width, pairs].
  case rotaryTable(RotaryTable)
  /// No operands: the same value everywhere.
  case fill(Float, [Dim])
}

/// Function applied after a product.
public enum Activation: UInt8, Hashable, Sendable, CaseIterable {
  case none = 0
  case relu = 1
  /// Exact: x Phi(x).
  case gelu = 2
  case sigmoid = 3
  /// x sigmoid(1.702 x): the GELU of CLIP.
  case quickGelu = 4
  /// x, or e^x - 1 for x below zero.
  case elu = 5
}

public struct Linear: Hashable, Sendable {
  public var hasBias: Bool
  public var activation: Activation
  public var hasResidual: Bool

  public init(hasBias: Bool, activation: Activation = .none, hasResidual: Bool = false) {
    self.hasBias = hasBias
    self.activation = activation
    self.hasResidual = hasResidual
  }
}

public struct Convolution: Hashable, Sendable {
  public var kernel: Int
  public var stride: Int
  public var padding: Int
  public var groups: Int
  public var hasBias: Bool

  public init(kernel: Int, stride: Int = 1, padding: Int = 0, groups: Int = 1, hasBias: Bool = true)
  {
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.groups = groups
    self.hasBias = hasBias
  }
}

public struct Resize: Hashable, Sendable {
  public enum Mode: UInt8, Hashable, Sendable, CaseIterable {
    case nearest = 0
    /// Two taps, no antialiasing.
    case bilinear = 1
    /// Four taps, a = -0.75, no antialiasing (PyTorch's `bicubic`).
    case bicubic = 2
    /// Triangle filter widened by the scale when shrinking (PyTorch's `antialias=True`).
    case bilinearAntialiased = 3
  }

  public var mode: Mode
  public var height: Int
  public var width: Int

  public init(_ mode: Mode, height: Int, width: Int) {
    self.mode = mode
    self.height = height
    self.width = width
  }
}

/// Angles of axial rotary position encoding.
///
/// Of the `pairs` columns, the first half rotates with x and the second with y; column i of a half
/// rotates by position * theta^(-i / (pairs / 2)).
public struct RotaryTable: Hashable, Sendable {
  public enum Part: UInt8, Hashable, Sendable, CaseIterable {
    case cosine = 0
    case sine = 1
  }

  public var height: Int
  public var width: Int
  public var pairs: Int
  public var theta: Float
  public var part: Part

  public init(height: Int, width: Int, pairs: Int, theta: Float, part: Part) {
    self.height = height
    self.width = width
    self.pairs = pairs
    self.theta = theta
    self.part = part
  }
}
