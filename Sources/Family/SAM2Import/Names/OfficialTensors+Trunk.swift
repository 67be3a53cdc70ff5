import SAM2Config

/// Trunks, under the module names of the reference's image encoder.
extension OfficialTensors {
  mutating func add(_ trunk: ModelConfiguration.Trunk) {
    switch trunk {
    case .hiera(let hiera): add(hiera, "image_encoder.trunk")
    case .repvit(let repvit): add(repvit, "image_encoder.trunk.body")
    case .vit(let vit): add(vit, "image_encoder.trunk")
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

  private mutating func add(_ vit: PlainViT, _ path: String) {
    let width = vit.embedDim
    // Includes a place for a class token, which the reference drops.
    add("\(path).pos_embed", 1, vit.positionSide * vit.positionSide + 1, width)
    convolution("\(path).patch_embed.proj", 3, width, kernel: PlainViT.patchSize)
    for index in 0..<vit.depth {
      let name = "\(path).blocks.\(index)"
      norm("\(name).norm1", width)
      linear("\(name).attn.qkv", width, 3 * width)
      linear("\(name).attn.proj", width, width)
      norm("\(name).norm2", width)
      perceptron("\(name).mlp", width, vit.mlpRatio * width, width)
    }
  }

  // MARK: - RepViT

  private mutating func add(_ repvit: RepViT, _ path: String) {
    let width = repvit.embedDims[0]
    normalized("\(path).stem.conv1", 3, repvit.stemWidth, kernel: 3)
    normalized("\(path).stem.conv2", repvit.stemWidth, width, kernel: 3)
    for (stage, depth) in repvit.depths.enumerated() {
      let (name, width) = ("\(path).stages_\(stage)", repvit.embedDims[stage])
      if stage > 0 {
        let (before, place) = (repvit.embedDims[stage - 1], "\(name).downsample")
        addBlock("\(place).pre_block", before, repvit, squeezes: false)
        normalized("\(place).spatial_downsample", 1, before, kernel: 3)
        normalized("\(place).channel_downsample", before, width)
        addMixer("\(place).ffn", width, repvit)
      }
      for index in 0..<depth {
        addBlock(
          "\(name).blocks.\(index)", width, repvit, squeezes: repvit.squeezes(block: index))
      }
    }
  }

  private mutating func addBlock(
    _ path: String, _ width: Int, _ repvit: RepViT, squeezes: Bool
  ) {
    normalized("\(path).token_mixer.conv", 1, width, kernel: 3)
    normalized("\(path).token_mixer.conv1", 1, width)
    if squeezes {
      convolution("\(path).se.fc1", width, repvit.squeezedWidth(width))
      convolution("\(path).se.fc2", repvit.squeezedWidth(width), width)
    }
    addMixer("\(path).channel_mixer", width, repvit)
  }

  private mutating func addMixer(_ path: String, _ width: Int, _ repvit: RepViT) {
    normalized("\(path).conv1", width, width * repvit.mlpRatio)
    normalized("\(path).conv2", width * repvit.mlpRatio, width)
  }

  /// A convolution without a bias, followed by a norm with its statistics.
  private mutating func normalized(
    _ path: String, _ inputs: Int, _ outputs: Int, kernel: Int = 1
  ) {
    add("\(path).c.weight", outputs, inputs, kernel, kernel)
    norm("\(path).bn", outputs)
    add("\(path).bn\(Self.meanSuffix)", outputs)
    add("\(path).bn\(Self.varianceSuffix)", outputs)
    add("\(path).bn\(Self.counterSuffix)")
  }

  static let meanSuffix = ".running_mean"
  static let varianceSuffix = ".running_var"
  private static let counterSuffix = ".num_batches_tracked"

  /// Whether the tensor counts the batches that a norm's statistics have seen: an integer that is
  /// not used in any computation.
  static func isCounter(_ name: String) -> Bool { name.hasSuffix(counterSuffix) }
}
