import Bytes
import Graph
import SAM2Config

/// `encode_image`: trunk, neck, and the decoder's high-resolution projections.
///
/// image [1, S, S, 3] (normalised RGB) -> features [1, h, w, C] (stride 16), image_embedding (the
/// same plus the embedding of "no memory"), and of a trunk with finer maps high_res_0
/// [1, 4h, 4w, C / 8] and high_res_1 [1, 2h, 2w, C / 4].
enum ImageEncoderGraph {
  static func graph(
    _ configuration: ModelConfiguration, _ tensors: OfficialTensors
  ) throws(Failure) -> Graph {
    var writer = LayerWriter("encode_image", configuration, tensors)
    let side = Dim(constant: configuration.imageSize)
    let image = writer.input("image", 1, side, side, 3)
    let maps = try TrunkGraph.maps(of: image, &writer)
    let levels = try NeckGraph.levels(of: maps, &writer)
    let decoder = "sam_mask_decoder"
    let noMemory = try writer.weight("no_mem_embed")
    let features = levels[configuration.trunk.outputLevels - 1]
    writer.output("features", features)
    writer.output("image_embedding", try writer.sum(features, noMemory, label: "no_mem_embed"))
    guard configuration.decoder.useHighResFeaturesInSam else { return writer.graph }
    writer.output("high_res_0", try writer.linear(levels[0], "\(decoder).conv_s0"))
    writer.output("high_res_1", try writer.linear(levels[1], "\(decoder).conv_s1"))
    return writer.graph
  }
}
