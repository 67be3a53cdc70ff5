import Bytes
import Graph
import SAM2Config

/// The feature pyramid of `encode_image` (Lin et al., arXiv 1612.03144).
enum NeckGraph {
  /// Lateral projections of the trunk's maps, finest first, with the level above added where the
  /// configuration says so.
  static func levels(
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
