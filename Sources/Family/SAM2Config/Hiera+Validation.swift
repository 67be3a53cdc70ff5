import Bytes

extension Hiera {
  /// Checks the numbers against each other and against the side of the input.
  /// - Throws: `config.value`, `config.unsupported`.
  func validate(imageSize: Int) throws(Failure) {
    try requireRanges([
      ("embed_dim", embedDim, 4...4096), ("num_heads", numHeads, 1...64),
      ("q_pool", qPoolStages, 0...3),
    ])
    try require((3...5).contains(stages.count), "\(stages.count) stages, not 3 to 5")
    try require(stages.allSatisfy { (1...256).contains($0) }, "stages \(stages) out of range")
    try require(windowSpec.count == stages.count, "one window per stage is needed")
    try require(windowSpec.allSatisfy { (1...256).contains($0) }, "windows \(windowSpec)")
    try require(
      windowPosEmbedBackgroundSize.count == 2
        && windowPosEmbedBackgroundSize.allSatisfy { (1...1024).contains($0) },
      "the background position embedding needs a height and a width")
    try require(
      qPoolStages == stages.count - 1, "each change of stage must pool: q_pool is \(qPoolStages)",
      code: "config.unsupported")
    let coarsest = 4 << (stages.count - 1)
    try require(
      imageSize % coarsest == 0, "image_size \(imageSize) is not a multiple of \(coarsest)")
    try require(
      imageSize / 4 % windowSpec[0] == 0,
      "image_size / 4 = \(imageSize / 4) is not a multiple of the first window \(windowSpec[0])")
    try validateBlocks()
  }

  private func validateBlocks() throws(Failure) {
    try require(
      globalAttentionBlocks.allSatisfy { (0..<depth).contains($0) },
      "global blocks \(globalAttentionBlocks), but the trunk has \(depth)")
    for (index, block) in blocks.enumerated() {
      try require(
        !block.pools || block.window % 2 == 0, "block \(index) pools windows of odd \(block.window)"
      )
      try require(
        block.outputWidth % block.heads == 0,
        "block \(index): \(block.outputWidth) channels are not \(block.heads) whole heads")
    }
  }
}
