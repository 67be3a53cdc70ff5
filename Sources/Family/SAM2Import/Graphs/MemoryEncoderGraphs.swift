import Bytes
import Graph
import SAM2Config

/// `encode_memory`, `upscale_masks` and `mask_as_output`: from masks to memories.
enum MemoryEncoderGraphs {
  private static let path = "memory_encoder"

  /// features [1, h, w, C], masks [B, S, S, 1] (logits; +-1e4 for a binary mask), absent [B, 1]
  /// (1 where the object score is not positive) -> memory [B, T, Cm] with T tokens per memory: one
  /// per cell, or the perceiver's.
  static func memory(
    _ c: ModelConfiguration, _ tensors: OfficialTensors
  ) throws(Failure) -> Graph {
    var writer = LayerWriter("encode_memory", c, tensors)
    let (objects, side) = (Dim(Symbol("objects")), Dim(constant: c.featureSide))
    let features = writer.input("features", 1, side, side, Dim(constant: c.dModel))
    let masks = writer.input(
      "masks", objects, Dim(constant: c.imageSize), Dim(constant: c.imageSize), 1)
    let absent = writer.input("absent", objects, 1)

    let mask = try downsampled(masks, &writer)
    let pixels = try writer.linear(features, "\(path).pix_feat_proj")
    var x = try writer.sum(mask, pixels, label: path)
    for index in 0..<c.memory.encoder.fuserLayers {
      x = try fuse(x, "\(path).fuser.layers.\(index)", &writer)
    }
    if c.memory.dim != c.dModel { x = try writer.linear(x, "\(path).out_proj") }
    let cells = Dim(constant: c.featureSide * c.featureSide)
    x = try writer.reshape(x, objects, cells, Dim(constant: c.memory.dim), label: path)
    if c.memory.encoder.noObjEmbedSpatial {
      let label = "no_obj_embed_spatial"
      let flag = try writer.reshape(absent, objects, 1, 1, label: label)
      let share = try writer.add(.multiply, flag, try writer.weight(label), label: label)
      x = try writer.sum(x, share, label: label)
    }
    if let perceiver = c.memory.perceiver {
      x = try PerceiverGraph.tokens(of: x, perceiver, &writer)
    }
    writer.output("memory", x)
    return writer.graph
  }

  /// Scaled and shifted probabilities, then strided convolutions down to the feature map's size.
  private static func downsampled(
    _ masks: ValueID, _ writer: inout LayerWriter
  ) throws(Failure) -> ValueID {
    let c = writer.configuration
    let layers = "\(path).mask_downsampler.encoder"
    var x = try writer.activation(.sigmoid, masks, label: "sigmoid_for_mem_enc")
    x = try writer.add(
      .affine(
        scale: Float(c.memory.encoder.sigmoidScaleForMemEnc),
        offset: Float(c.memory.encoder.sigmoidBiasForMemEnc)), x,
      label: "sigmoid_for_mem_enc")
    let count = c.maskDownsamplerWidths.count - 1
    for index in 0..<count {
      x = try writer.convolution(
        x, "\(layers).\(3 * index)", stride: c.memory.encoder.maskDownsamplerStride,
        padding: c.memory.encoder.maskDownsamplerPadding)
      x = try writer.norm(x, "\(layers).\(3 * index + 1)", epsilon: 1e-6)
      x = try writer.activation(.gelu, x, label: "\(layers).\(3 * index + 2)")
    }
    return try writer.linear(x, "\(layers).\(3 * count)")
  }

  /// A ConvNeXt block (Liu et al., arXiv 2201.03545).
  private static func fuse(
    _ x: ValueID, _ path: String, _ writer: inout LayerWriter
  ) throws(Failure) -> ValueID {
    var y = try writer.convolution(
      x, "\(path).dwconv", stride: 1, padding: writer.configuration.memory.encoder.fuserKernel / 2,
      isDepthwise: true)
    y = try writer.norm(y, "\(path).norm", epsilon: 1e-6)
    y = try writer.linear(y, "\(path).pwconv1")
    y = try writer.activation(.gelu, y, label: "\(path).act")
    y = try writer.linear(y, "\(path).pwconv2")
    y = try writer.add(.multiply, y, try writer.weight("\(path).gamma"), label: "\(path).gamma")
    return try writer.sum(x, y, label: path)
  }

  /// masks [B, 4h, 4w, 1] -> masks [B, S, S, 1].
  static func upscaling(
    _ c: ModelConfiguration, _ tensors: OfficialTensors
  ) throws(Failure) -> Graph {
    var writer = LayerWriter("upscale_masks", c, tensors)
    let side = Dim(constant: c.maskSide)
    let masks = writer.input("masks", Dim(Symbol("objects")), side, side, 1)
    let size = Resize(.bilinear, height: c.imageSize, width: c.imageSize)
    writer.output("masks", try writer.add(.resize(size), masks, label: "high_res_masks"))
    return writer.graph
  }

  /// mask [B, S, S, 1] (0 or 1) -> mask_prompt [B, 4h, 4w, 1] (for the pointer's decoder run),
  /// low_res_logits [B, 4h, 4w, 1] (the mask as -10 and 10, shrunk with antialiasing).
  static func maskAsOutput(
    _ c: ModelConfiguration, _ tensors: OfficialTensors
  ) throws(Failure) -> Graph {
    var writer = LayerWriter("mask_as_output", c, tensors)
    let side = Dim(constant: c.imageSize)
    let mask = writer.input("mask", Dim(Symbol("objects")), side, side, 1)
    writer.output("mask_prompt", try writer.convolution(mask, "mask_downsample", stride: 4))
    let logits = try writer.add(.affine(scale: 20, offset: -10), mask, label: "mask_as_output")
    let size = Resize(.bilinearAntialiased, height: c.maskSide, width: c.maskSide)
    writer.output(
      "low_res_logits", try writer.add(.resize(size), logits, label: "mask_as_output"))
    return writer.graph
  }
}
