import SAM2Config

/// Trunks, under the names that the reference's image encoder gives their modules.
extension OfficialTensors {
  mutating func add(_ trunk: ModelConfiguration.Trunk) {
    switch trunk {
    case .hiera(let hiera): add(hiera, "image_encoder.trunk")
    }
  }

  private mutating func add(_ hiera: Hiera, _ path: String) {
    let background = hiera.windowPosEmbedBackgroundSize
    let window = hiera.windowSpec[0]
    add("\(path).pos_embed", 1, hiera.embedDim, background[0], background[1])
    add("\(path).pos_embed_window", 1, hiera.embedDim, window, window)
    convolution("\(path).patch_embed.proj", 3, hiera.embedDim, kernel: 7)
    for (index, block) in hiera.blocks.enumerated() {
      let name = "\(path).blocks.\(index)"
      let width = block.outputWidth
      norm("\(name).norm1", block.inputWidth)
      linear("\(name).attn.qkv", block.inputWidth, 3 * width)
      linear("\(name).attn.proj", width, width)
      norm("\(name).norm2", width)
      perceptron("\(name).mlp", width, 4 * width, width)
      if block.inputWidth != width { linear("\(name).proj", block.inputWidth, width) }
    }
  }
}
