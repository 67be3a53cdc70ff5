import Bytes
import Graph
import SAM2Config

/// A RepViT trunk (Wang et al., arXiv 2307.09283) as timm builds it, with every norm and branch in
/// place; passes fold them.
struct RepViTGraph {
  private static let path = "image_encoder.trunk.body"

  private let repvit: RepViT
  private var writer: LayerWriter

  /// The map after each stage, finest first.
  static func maps(
    of image: ValueID, _ repvit: RepViT, _ writer: inout LayerWriter
  ) throws(Failure) -> [ValueID] {
    var trunk = RepViTGraph(repvit: repvit, writer: writer)
    let maps = try trunk.stages(of: try trunk.stem(image))
    writer = trunk.writer
    return maps
  }

  private mutating func stem(_ image: ValueID) throws(Failure) -> ValueID {
    var x = try convolution(image, "\(Self.path).stem.conv1", stride: 2)
    x = try writer.activation(.gelu, x, label: "\(Self.path).stem.act1")
    return try convolution(x, "\(Self.path).stem.conv2", stride: 2)
  }

  private mutating func stages(of map: ValueID) throws(Failure) -> [ValueID] {
    var x = map
    var ends: [ValueID] = []
    for (stage, depth) in repvit.depths.enumerated() {
      let path = "\(Self.path).stages_\(stage)"
      if stage > 0 { x = try downsample(x, "\(path).downsample") }
      for index in 0..<depth {
        x = try block(
          x, "\(path).blocks.\(index)", squeezes: repvit.squeezes(block: index))
      }
      ends.append(x)
    }
    return ends
  }

  // MARK: - Blocks

  private mutating func block(
    _ x: ValueID, _ path: String, squeezes: Bool
  ) throws(Failure) -> ValueID {
    var y = try tokenMixer(x, "\(path).token_mixer")
    if squeezes { y = try squeezeExcitation(y, "\(path).se") }
    return try channelMixer(y, "\(path).channel_mixer")
  }

  /// Halves the side and changes the width.
  private mutating func downsample(_ x: ValueID, _ path: String) throws(Failure) -> ValueID {
    var y = try block(x, "\(path).pre_block", squeezes: false)
    y = try convolution(y, "\(path).spatial_downsample", stride: 2, isDepthwise: true)
    y = try product(y, "\(path).channel_downsample")
    return try channelMixer(y, "\(path).ffn")
  }

  /// Depthwise 3x3 + 1x1 + identity.
  private mutating func tokenMixer(_ x: ValueID, _ path: String) throws(Failure) -> ValueID {
    let wide = try convolution(x, "\(path).conv", isDepthwise: true)
    let narrow = try convolution(x, "\(path).conv1", isDepthwise: true)
    return try writer.sum(try writer.sum(wide, narrow, label: path), x, label: path)
  }

  /// Weights channels according to their averages (Hu et al., arXiv 1709.01507).
  private mutating func squeezeExcitation(
    _ x: ValueID, _ path: String
  ) throws(Failure) -> ValueID {
    let side = writer.shape(of: x)[1].constant
    var gate = try writer.add(.averagePool(window: side), x, label: path)
    gate = try writer.linear(gate, "\(path).fc1")
    gate = try writer.activation(.relu, gate, label: path)
    gate = try writer.linear(gate, "\(path).fc2")
    gate = try writer.activation(.sigmoid, gate, label: path)
    return try writer.add(.multiply, x, gate, label: path)
  }

  /// A perceptron on each cell, added to the cell itself.
  private mutating func channelMixer(_ x: ValueID, _ path: String) throws(Failure) -> ValueID {
    var y = try product(x, "\(path).conv1")
    y = try writer.activation(.gelu, y, label: "\(path).act")
    y = try product(y, "\(path).conv2")
    return try writer.sum(x, y, label: path)
  }

  // MARK: - Layers with a norm

  private mutating func convolution(
    _ x: ValueID, _ path: String, stride: Int = 1, isDepthwise: Bool = false
  ) throws(Failure) -> ValueID {
    let map = try writer.bareConvolution(x, "\(path).c", stride: stride, isDepthwise: isDepthwise)
    return try writer.batchNorm(map, "\(path).bn")
  }

  /// A 1x1 convolution.
  private mutating func product(_ x: ValueID, _ path: String) throws(Failure) -> ValueID {
    try writer.batchNorm(try writer.bareLinear(x, "\(path).c"), "\(path).bn")
  }
}

extension LayerWriter {
  /// The norm as in inference, with PyTorch's epsilon.
  fileprivate mutating func batchNorm(_ x: ValueID, _ path: String) throws(Failure) -> ValueID {
    try add(
      .batchNorm(epsilon: 1e-5), x, weight("\(path).weight"), weight("\(path).bias"),
      weight("\(path).running_mean"), weight("\(path).running_var"), label: path)
  }
}
