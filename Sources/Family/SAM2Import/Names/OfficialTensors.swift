import ModelInterface
import SAM2Config

/// Names and shapes of the tensors that the reference saves for a configuration, in its order, or
/// only of those that a part of the model needs.
struct OfficialTensors {
  private(set) var names: [String] = []
  private(set) var shapes: [String: [Int]] = [:]

  /// Whether no supported configuration computes with the tensor.
  ///
  /// Such tensors are counters and the position of "no memory" in memory attention, which the
  /// reference needs only where it does not add the embedding of "no memory" directly.
  static func isUnused(_ name: String) -> Bool { name == "no_mem_pos_enc" || isCounter(name) }

  init(_ configuration: ModelConfiguration, _ parts: ModelParts = .all) {
    addParameters(configuration)
    add(configuration.trunk)
    addNeck(configuration)
    convolution("mask_downsample", 1, 1, kernel: 4)
    addMemoryAttention(configuration)
    addMemoryEncoder(configuration)
    addPromptEncoder(configuration)
    addMaskDecoder(configuration)
    addPointers(configuration)
    addPerceiver(configuration)
    names.removeAll { !parts.allows(OfficialTensors.use(of: $0)) }
    shapes = shapes.filter { parts.allows(OfficialTensors.use(of: $0.key)) }
  }

  /// Beginnings of names, and the first use of a model that needs such tensors; tensors with none
  /// of these beginnings are needed for prompts.
  private static let uses: [(prefix: String, use: ModelParts.Use)] = [
    ("image_encoder.", .encoding), ("no_mem_embed", .encoding),
    ("sam_mask_decoder.conv_s", .encoding),
    ("sam_prompt_encoder.mask_downscaling.", .maskPrompting),
    ("maskmem_tpos_enc", .tracking), ("no_mem_pos_enc", .tracking), ("no_obj_", .tracking),
    ("mask_downsample.", .tracking), ("memory_attention.", .tracking),
    ("memory_encoder.", .tracking), ("obj_ptr_", .tracking), ("spatial_perceiver.", .tracking),
  ]

  /// The first use of a model that needs the tensor `name`.
  static func use(of name: String) -> ModelParts.Use {
    uses.first { name.hasPrefix($0.prefix) }?.use ?? .prompting
  }

  // MARK: - Layers

  mutating func add(_ name: String, _ shape: Int...) {
    names.append(name)
    shapes[name] = shape
  }

  mutating func linear(_ path: String, _ inputs: Int, _ outputs: Int) {
    add("\(path).weight", outputs, inputs)
    add("\(path).bias", outputs)
  }

  mutating func convolution(
    _ path: String, _ inputs: Int, _ outputs: Int, kernel: Int = 1
  ) {
    add("\(path).weight", outputs, inputs, kernel, kernel)
    add("\(path).bias", outputs)
  }

  mutating func transposedConvolution(_ path: String, _ inputs: Int, _ outputs: Int) {
    add("\(path).weight", inputs, outputs, 2, 2)
    add("\(path).bias", outputs)
  }

  mutating func norm(_ path: String, _ width: Int) {
    add("\(path).weight", width)
    add("\(path).bias", width)
  }

  /// `widths` are the widths of the input and of each layer.
  mutating func perceptron(_ path: String, _ widths: Int...) {
    for (index, (inputs, outputs)) in zip(widths, widths.dropFirst()).enumerated() {
      linear("\(path).layers.\(index)", inputs, outputs)
    }
  }

  mutating func attention(_ path: String, _ width: Int, inner: Int, keyWidth: Int? = nil) {
    linear("\(path).q_proj", width, inner)
    linear("\(path).k_proj", keyWidth ?? width, inner)
    linear("\(path).v_proj", keyWidth ?? width, inner)
    linear("\(path).out_proj", inner, width)
  }
}

// MARK: - Modules

extension OfficialTensors {
  private mutating func addParameters(_ c: ModelConfiguration) {
    add("maskmem_tpos_enc", c.memory.bank.numMaskmem, 1, 1, c.memory.dim)
    add("no_mem_embed", 1, 1, c.dModel)
    add("no_mem_pos_enc", 1, 1, c.dModel)
    if c.decoder.predObjScores { add("no_obj_ptr", 1, c.dModel) }
    if c.memory.encoder.noObjEmbedSpatial { add("no_obj_embed_spatial", 1, c.memory.dim) }
  }

  private mutating func addNeck(_ c: ModelConfiguration) {
    let path = "image_encoder.neck.convs"
    switch c.trunk {
    case .hiera, .repvit:
      for (index, width) in c.trunk.levelWidths.reversed().enumerated() {
        convolution("\(path).\(index).conv", width, c.dModel)
      }
    case .vit(let vit):
      add("\(path).0.conv_1x1.weight", c.dModel, vit.embedDim, 1, 1)
      norm("\(path).0.norm_0", c.dModel)
      add("\(path).0.conv_3x3.weight", c.dModel, c.dModel, 3, 3)
      norm("\(path).0.norm_1", c.dModel)
    }
  }

  private mutating func addMemoryAttention(_ c: ModelConfiguration) {
    for index in 0..<c.memory.attention.layers {
      let path = "memory_attention.layers.\(index)"
      attention("\(path).self_attn", c.dModel, inner: c.dModel)
      attention("\(path).cross_attn_image", c.dModel, inner: c.dModel, keyWidth: c.memory.dim)
      linear("\(path).linear1", c.dModel, c.memory.attention.feedforward)
      linear("\(path).linear2", c.memory.attention.feedforward, c.dModel)
      for part in 1...3 { norm("\(path).norm\(part)", c.dModel) }
    }
    norm("memory_attention.norm", c.dModel)
  }

  private mutating func addMemoryEncoder(_ c: ModelConfiguration) {
    let downsampler = "memory_encoder.mask_downsampler.encoder"
    let widths = c.maskDownsamplerWidths
    for (index, (inputs, outputs)) in zip(widths, widths.dropFirst()).enumerated() {
      convolution(
        "\(downsampler).\(3 * index)", inputs, outputs,
        kernel: c.memory.encoder.maskDownsamplerKernel)
      norm("\(downsampler).\(3 * index + 1)", outputs)
    }
    convolution("\(downsampler).\(3 * (widths.count - 1))", widths[widths.count - 1], c.dModel)
    convolution("memory_encoder.pix_feat_proj", c.dModel, c.dModel)
    for index in 0..<c.memory.encoder.fuserLayers {
      let path = "memory_encoder.fuser.layers.\(index)"
      add("\(path).gamma", c.dModel)
      convolution("\(path).dwconv", 1, c.dModel, kernel: c.memory.encoder.fuserKernel)
      norm("\(path).norm", c.dModel)
      linear("\(path).pwconv1", c.dModel, 4 * c.dModel)
      linear("\(path).pwconv2", 4 * c.dModel, c.dModel)
    }
    if c.memory.dim != c.dModel { convolution("memory_encoder.out_proj", c.dModel, c.memory.dim) }
  }

  private mutating func addPromptEncoder(_ c: ModelConfiguration) {
    let path = "sam_prompt_encoder"
    add("\(path).pe_layer.positional_encoding_gaussian_matrix", 2, c.dModel / 2)
    for label in 0..<4 { add("\(path).point_embeddings.\(label).weight", 1, c.dModel) }
    add("\(path).not_a_point_embed.weight", 1, c.dModel)
    convolution("\(path).mask_downscaling.0", 1, 4, kernel: 2)
    norm("\(path).mask_downscaling.1", 4)
    convolution("\(path).mask_downscaling.3", 4, 16, kernel: 2)
    norm("\(path).mask_downscaling.4", 16)
    convolution("\(path).mask_downscaling.6", 16, c.dModel)
    add("\(path).no_mask_embed.weight", 1, c.dModel)
  }

  private mutating func addMaskDecoder(_ c: ModelConfiguration) {
    let (path, width) = ("sam_mask_decoder", c.dModel)
    for index in 0..<c.decoder.depth {
      let layer = "\(path).transformer.layers.\(index)"
      attention("\(layer).self_attn", width, inner: width)
      norm("\(layer).norm1", width)
      attention("\(layer).cross_attn_token_to_image", width, inner: width / 2)
      norm("\(layer).norm2", width)
      perceptron("\(layer).mlp", width, c.decoder.feedforward, width)
      norm("\(layer).norm3", width)
      norm("\(layer).norm4", width)
      attention("\(layer).cross_attn_image_to_token", width, inner: width / 2)
    }
    attention("\(path).transformer.final_attn_token_to_image", width, inner: width / 2)
    norm("\(path).transformer.norm_final_attn", width)
    add("\(path).iou_token.weight", 1, width)
    add("\(path).mask_tokens.weight", 4, width)
    if c.decoder.predObjScores { add("\(path).obj_score_token.weight", 1, width) }
    addDecoderHeads(c)
  }

  private mutating func addDecoderHeads(_ c: ModelConfiguration) {
    let (path, width) = ("sam_mask_decoder", c.dModel)
    transposedConvolution("\(path).output_upscaling.0", width, width / 4)
    norm("\(path).output_upscaling.1", width / 4)
    transposedConvolution("\(path).output_upscaling.3", width / 4, width / 8)
    if c.decoder.useHighResFeaturesInSam {
      convolution("\(path).conv_s0", width, width / 8)
      convolution("\(path).conv_s1", width, width / 4)
    }
    for mask in 0..<4 {
      perceptron("\(path).output_hypernetworks_mlps.\(mask)", width, width, width, width / 8)
    }
    perceptron(
      "\(path).iou_prediction_head", width, c.decoder.iouHeadHiddenDim, c.decoder.iouHeadHiddenDim,
      4)
    switch (c.decoder.predObjScores, c.decoder.predObjScoresMlp) {
    case (true, true): perceptron("\(path).pred_obj_score_head", width, width, width, 1)
    case (true, false): linear("\(path).pred_obj_score_head", width, 1)
    case (false, _): break
    }
    if c.decoder.hasHQToken { addHQToken(c) }
  }

  /// Adds the token of `MaskDecoderHQ`, which calls it `hf_token`.
  private mutating func addHQToken(_ c: ModelConfiguration) {
    let (path, width) = ("sam_mask_decoder", c.dModel)
    add("\(path).hf_token.weight", 1, width)
    perceptron("\(path).hf_mlp", width, width, width, width / 8)
    convolution("\(path).embedding_maskfeature.0", width / 8, width / 4, kernel: 3)
    norm("\(path).embedding_maskfeature.1", width / 4)
    convolution("\(path).embedding_maskfeature.3", width / 4, width / 8, kernel: 3)
  }

  private mutating func addPointers(_ c: ModelConfiguration) {
    if c.pointers.useMlpForObjPtrProj {
      perceptron("obj_ptr_proj", c.dModel, c.dModel, c.dModel, c.dModel)
    } else {
      linear("obj_ptr_proj", c.dModel, c.dModel)
    }
    if c.pointers.projTposEncInObjPtrs { linear("obj_ptr_tpos_proj", c.dModel, c.memory.dim) }
  }
}

extension OfficialTensors {
  private mutating func addPerceiver(_ c: ModelConfiguration) {
    guard let perceiver = c.memory.perceiver else { return }
    let (path, width) = ("spatial_perceiver", c.memory.dim)
    add("\(path).latents", perceiver.latents, width)
    add("\(path).latents_2d", perceiver.latents2D, width)
    for index in 0..<perceiver.layers {
      let layer = "\(path).layers.\(index)"
      for (attention, norms) in [("attn", ["norm_x", "norm_latents"]), ("self_attn", ["norm"])] {
        for part in norms { norm("\(layer).\(attention).\(part)", width) }
        add("\(layer).\(attention).to_q.weight", width, width)
        add("\(layer).\(attention).to_kv.weight", 2 * width, width)
        add("\(layer).\(attention).to_out.weight", width, width)
        let perceptron = attention == "attn" ? "\(layer).ff" : "\(layer).self_ff"
        let hidden = width * perceiver.feedforwardFactor
        norm("\(perceptron).0", width)
        add("\(perceptron).1.weight", hidden, width)
        add("\(perceptron).3.weight", width, hidden)
      }
    }
    norm("\(path).norm", width)
  }
}

extension ModelConfiguration {
  /// Channels of the mask before and after each strided convolution, down to the feature map's
  /// size: a halved side takes four times the channels.
  var maskDownsamplerWidths: [Int] {
    var widths = [1]
    var side = 1
    while side < backboneStride {
      side *= memory.encoder.maskDownsamplerStride
      widths.append(side * side)
    }
    return widths
  }
}
