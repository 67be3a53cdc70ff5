import Bytes
import Graph
import SAM2Config

/// The neck of `encode_image`.
enum NeckGraph {
  /// The maps that the encoder returns, finest first; coarser ones may follow.
  static func levels(
    of maps: [ValueID], _ writer: inout LayerWriter
  ) throws(Failure) -> [ValueID] {
    switch writer.configuration.trunk {
    case .hiera, .repvit: try pyramid(of: maps, &writer)
    case .vit: [try simple(maps[0], &writer)]
    }
  }

  /// Two convolutions with norms: the neck of ViTDet (Li et al., arXiv 2203.16527).
  private static func simple(
    _ map: ValueID, _ writer: inout LayerWriter
  ) throws(Failure) -> ValueID {
    let path = "image_encoder.neck.convs.0"
    var x = try writer.bareLinear(map, "\(path).conv_1x1")
    x = try writer.norm(x, "\(path).norm_0", epsilon: 1e-6)
    x = try writer.bareConvolution(x, "\(path).conv_3x3", stride: 1, isDepthwise: false)
    return try writer.norm(x, "\(path).norm_1", epsilon: 1e-6)
  }

  /// A feature pyramid (Lin et al., arXiv 1612.03144): projections of the trunk's maps, with the
  /// level above added where configured.
  private static func pyramid(
    of maps: [ValueID], _ writer: inout LayerWriter
  ) throws(Failure) -> [ValueID] {
    let neck = writer.configuration.neck
    let mode: Resize.Mode = neck.fpnInterpModel == "bilinear" ? .bilinear : .nearest
    var levels = maps
    for level in maps.indices.reversed() {
      let path = "image_encoder.neck.convs.\(maps.count - 1 - level)"
      levels[level] = try writer.linear(maps[level], "\(path).conv")
      guard level < maps.count - 1, neck.fpnTopDownLevels.contains(level) else { continue }
      let shape = writer.shape(of: levels[level])
      let above = try writer.add(
        .resize(Resize(mode, height: shape[1].constant, width: shape[2].constant)),
        levels[level + 1], label: path)
      levels[level] = try writer.sum(levels[level], above, label: path)
    }
    return levels
  }
}
