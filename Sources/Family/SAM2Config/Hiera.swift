/// Configuration of a Hiera trunk (Ryali et al., arXiv 2306.00989).
public struct Hiera: Sendable, Equatable {
  /// Channels of the first stage; each later stage has twice as many.
  public var embedDim = 96
  /// Attention heads of the first stage; each later stage has twice as many.
  public var numHeads = 1
  /// Blocks of each stage.
  public var stages = [1, 2, 7, 2]
  /// Blocks that attend to the whole map instead of windows.
  public var globalAttentionBlocks = [5, 7, 9]
  /// Side of the attention window in each stage.
  public var windowSpec = [8, 4, 14, 7]
  /// Height and width of the stored background position embedding.
  public var windowPosEmbedBackgroundSize = [7, 7]
  /// How many of the stage changes halve the map.
  public var qPoolStages = 3

  public init() {}

  /// Number of blocks.
  public var depth: Int { stages.reduce(0, +) }
  /// Channels of each stage, finest first.
  public var stageWidths: [Int] { stages.indices.map { embedDim << $0 } }

  /// One block, as the configuration lays it out.
  public struct Block: Sendable, Equatable {
    public var inputWidth: Int
    public var outputWidth: Int
    public var heads: Int
    /// Side of the attention window in cells of the block's input; 0 attends to the whole map.
    public var window: Int
    /// Whether queries and shortcut are max-pooled by 2.
    public var pools: Bool
    /// The stage whose last block this is, if any.
    public var endedStage: Int?
  }

  /// The blocks in order.
  ///
  /// Width and heads double in the first block of a stage, while its window is still that of the
  /// previous stage: the block starts at the finer resolution.
  public var blocks: [Block] {
    var blocks: [Block] = []
    for (stage, count) in stages.enumerated() {
      for position in 0..<count {
        let opensStage = stage > 0 && position == 0
        let windowStage = opensStage ? stage - 1 : stage
        blocks.append(
          Block(
            inputWidth: embedDim << (opensStage ? stage - 1 : stage),
            outputWidth: embedDim << stage,
            heads: numHeads << stage,
            window: globalAttentionBlocks.contains(blocks.count) ? 0 : windowSpec[windowStage],
            pools: opensStage && stage <= qPoolStages,
            endedStage: position == count - 1 ? stage : nil))
      }
    }
    return blocks
  }
}
