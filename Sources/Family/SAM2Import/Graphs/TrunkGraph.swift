import Bytes
import Graph
import SAM2Config

/// The part of `encode_image` that depends on the kind of trunk.
enum TrunkGraph {
  /// The maps [1, h, w, C] that the neck reads, finest first, as in `Trunk.levelWidths`.
  static func maps(
    of image: ValueID, _ writer: inout LayerWriter
  ) throws(Failure) -> [ValueID] {
    switch writer.configuration.trunk {
    case .hiera(let hiera): try HieraGraph.maps(of: image, hiera, &writer)
    case .repvit(let repvit): try RepViTGraph.maps(of: image, repvit, &writer)
    case .vit(let vit): [try PlainViTGraph.map(of: image, vit, &writer)]
    }
  }
}
