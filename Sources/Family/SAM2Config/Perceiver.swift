import Bytes

extension ModelConfiguration.Memory {
  /// The network of EdgeTAM (Zhou et al., arXiv 2501.07256) that summarises a memory in a few
  /// tokens, once, when it is stored.
  public struct Perceiver: Sendable, Equatable {
    public var layers = 2
    /// Number of tokens that look at the whole memory and have no place in it.
    public var latents = 256
    /// Number of tokens that each look at a window of their own, in a square grid of windows.
    public var latents2D = 256
    public var heads = 1
    /// Width of the hidden layer of a perceptron, as a multiple of the memory's.
    public var feedforwardFactor = 4

    public init() {}

    /// Side of the grid of windows; 0 when the tokens do not fill a square.
    public var gridSide: Int {
      let side = Int(Double(latents2D).squareRoot().rounded())
      return side * side == latents2D ? side : 0
    }
  }
}

extension ModelConfiguration.Memory.Perceiver {
  /// - Throws: `config.value` for numbers out of range, or that do not fit a map of `featureSide`
  ///   and memories of `width` channels.
  func validate(featureSide: Int, width: Int) throws(Failure) {
    try requireRanges([
      ("perceiver layers", layers, 1...64), ("perceiver latents", latents, 1...65_536),
      ("perceiver latents of windows", latents2D, 1...65_536), ("perceiver heads", heads, 1...64),
      ("perceiver feedforward factor", feedforwardFactor, 1...64),
    ])
    try require(
      width % heads == 0, "memory width \(width) is not \(heads) whole heads of the perceiver")
    try require(gridSide > 0, "\(latents2D) latents of windows do not fill a square grid")
    try require(
      featureSide % gridSide == 0,
      "a feature map of \(featureSide) x \(featureSide) cells does not split into "
        + "\(gridSide) x \(gridSide) windows of the perceiver")
  }
}
