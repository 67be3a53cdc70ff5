import Graph
import SAM2Config

/// Sizes that the graphs of a configuration share, as they occur in shapes.
struct InterfaceSizes {
  /// Side of the square input in pixels: S.
  let input: Dim
  /// Side of the feature map: h and w.
  let side: Dim
  /// Cells of the feature map: h * w.
  let cells: Dim
  /// Sides of the two finer maps: 2h and 4h.
  let middleSide: Dim
  let fineSide: Dim
  /// Side of the decoder's masks.
  let maskSide: Dim
  /// Channels of features and tokens: C.
  let width: Dim
  /// C / 2, C / 4 and C / 8: channels of the decoder's projections and of the two finer maps.
  let halfWidth: Dim
  let middleWidth: Dim
  let fineWidth: Dim
  /// Whether the encoder returns the two finer maps.
  let hasFinerMaps: Bool
  /// Whether the decoder returns a mask that refines the others.
  let hasRefinement: Bool
  /// Number of memories with their own temporal code.
  let memories: Dim
  /// Tokens in one memory, and their channels: Cm.
  let memoryTokens: Dim
  let memoryWidth: Dim

  init(_ configuration: ModelConfiguration) {
    let (side, width) = (configuration.featureSide, configuration.dModel)
    input = Dim(constant: configuration.imageSize)
    self.side = Dim(constant: side)
    cells = Dim(constant: side * side)
    middleSide = Dim(constant: 2 * side)
    fineSide = Dim(constant: 4 * side)
    maskSide = Dim(constant: configuration.maskSide)
    self.width = Dim(constant: width)
    halfWidth = Dim(constant: width / 2)
    middleWidth = Dim(constant: width / 4)
    fineWidth = Dim(constant: width / 8)
    hasFinerMaps = configuration.decoder.useHighResFeaturesInSam
    hasRefinement = configuration.decoder.hasHQToken
    memories = Dim(constant: configuration.memory.bank.numMaskmem)
    memoryTokens = Dim(constant: configuration.memoryTokens.count)
    memoryWidth = Dim(constant: configuration.memory.dim)
  }
}
