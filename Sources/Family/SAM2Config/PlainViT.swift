import Bytes

/// Configuration of a plain vision transformer with one map (Li et al., "Exploring Plain Vision
/// Transformer Backbones for Object Detection", arXiv 2203.16527), the trunk of EfficientTAM.
public struct PlainViT: Sendable, Equatable {
  /// Channels of every block.
  public var embedDim = 384
  /// Attention heads of every block.
  public var numHeads = 6
  /// Number of blocks.
  public var depth = 12
  /// Width of the hidden layer of a perceptron, as a multiple of its input's.
  public var mlpRatio = 4
  /// Side of the attention window in cells.
  public var windowSize = 14
  /// Blocks that attend within windows; the others attend to the whole map.
  public var windowBlocks = [0, 1, 3, 4, 6, 7, 9, 10]
  /// Side of the stored position embedding, in cells.
  public var positionSide = 14

  public init() {}

  /// Input pixels per cell, along one side.
  public static let patchSize = 16

  /// Side of the attention window of a block; 0 attends to the whole map.
  public func window(block: Int) -> Int { windowBlocks.contains(block) ? windowSize : 0 }
}

extension PlainViT {
  /// Checks the numbers against each other and against the side of the input.
  /// - Throws: `config.value`.
  func validate(imageSize: Int) throws(Failure) {
    try requireRanges([
      ("embed_dim", embedDim, 16...4096), ("num_heads", numHeads, 1...64),
      ("depth", depth, 1...256), ("mlp_ratio", mlpRatio, 1...16),
      ("window_size", windowSize, 1...256), ("pos_embed side", positionSide, 1...256),
    ])
    try require(embedDim % numHeads == 0, "embed_dim \(embedDim) does not fit \(numHeads) heads")
    try require(
      windowBlocks.count <= depth && windowBlocks.allSatisfy { (0..<depth).contains($0) },
      "window_block_indexes \(windowBlocks) do not fit \(depth) blocks")
    // The reference outputs the map after the last block that sees all of it.
    try require(
      !windowBlocks.contains(depth - 1), "the last block attends within windows only",
      code: "config.unsupported")
    try require(
      imageSize % Self.patchSize == 0,
      "image_size \(imageSize) is not a multiple of \(Self.patchSize)")
  }
}
