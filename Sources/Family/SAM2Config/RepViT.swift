import Bytes

/// Configuration of a RepViT trunk (Wang et al., arXiv 2307.09283), as timm builds it in its legacy
/// form.
public struct RepViT: Sendable, Equatable {
  /// Channels of each stage.
  public var embedDims = [48, 96, 192, 384]
  /// Number of blocks in each stage, not counting the one that its downsampling begins with.
  public var depths = [2, 2, 14, 2]
  /// Width of the hidden layer of a channel mixer, as a multiple of its input's.
  public var mlpRatio = 2

  public init() {}

  /// Channels between the two convolutions of the stem.
  public var stemWidth: Int { embedDims[0] / 2 }

  /// Hidden channels of the squeeze-excitation of a block with `width` channels: a quarter of them,
  /// rounded to the nearest multiple of 8.
  public func squeezedWidth(_ width: Int) -> Int { max(8, (width / 4 + 4) / 8 * 8) }

  /// Whether a block weighs its channels: every other one does, starting with the first.
  public func squeezes(block: Int) -> Bool { block % 2 == 0 }
}

extension RepViT {
  /// Checks the numbers against each other and against the side of the input.
  /// - Throws: `config.value`.
  func validate(imageSize: Int) throws(Failure) {
    try require((3...5).contains(depths.count), "\(depths.count) stages, not 3 to 5")
    try require(
      embedDims.count == depths.count,
      "\(embedDims.count) widths for \(depths.count) stages")
    try require(depths.allSatisfy { (1...256).contains($0) }, "depths \(depths) out of range")
    try require(
      embedDims.allSatisfy { (2...4096).contains($0) && $0 % 2 == 0 },
      "widths \(embedDims) must be even and from 2 to 4096")
    try requireRanges([("mlp_ratio", mlpRatio, 1...16)])
    let coarsest = 4 << (depths.count - 1)
    try require(
      imageSize % coarsest == 0, "image_size \(imageSize) is not a multiple of \(coarsest)")
  }
}
