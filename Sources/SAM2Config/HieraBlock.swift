/// One block of the Hiera trunk, as the configuration lays it out.
public struct HieraBlock: Sendable, Equatable {
  public var inputWidth: Int
  public var outputWidth: Int
  public var heads: Int
  /// Side of the attention window in cells of the block's input; 0 attends to the whole map.
  public var window: Int
  /// Whether queries and shortcut are max-pooled by 2.
  public var pools: Bool
  /// Stage whose last block this is, if it is one.
  public var endedStage: Int?
}

extension ModelConfiguration {
  /// The blocks of the trunk in order (Ryali et al., Hiera, arXiv 2306.00989).
  ///
  /// Width and heads double in the first block of a stage, while its window is still that of the
  /// stage before: the block starts at the finer resolution.
  public var hieraBlocks: [HieraBlock] {
    var blocks: [HieraBlock] = []
    for (stage, count) in stages.enumerated() {
      for position in 0..<count {
        let opensStage = stage > 0 && position == 0
        let windowStage = opensStage ? stage - 1 : stage
        blocks.append(
          HieraBlock(
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
