import SAM2Config

/// The layout of a trunk: everything that its tensors do not determine.
extension ModelConfiguration.Trunk {
  /// Whether the tensors of two trunks have the same names and shapes.
  func hasTensors(of other: Self) -> Bool {
    switch (self, other) {
    case (.hiera(let a), .hiera(let b)):
      a.embedDim == b.embedDim && a.stages == b.stages && a.windowSpec[0] == b.windowSpec[0]
    case (.repvit(let a), .repvit(let b)): a == b
    case (.vit(let a), .vit(let b)):
      a.embedDim == b.embedDim && a.depth == b.depth && a.mlpRatio == b.mlpRatio
        && a.positionSide == b.positionSide
    case (.hiera, _), (.repvit, _), (.vit, _): false
    }
  }

  /// This trunk with the layout of another that has the same tensors.
  func withLayout(of other: Self) -> Self {
    switch (self, other) {
    case (.hiera(var hiera), .hiera(let donor)):
      hiera.numHeads = donor.numHeads
      hiera.windowSpec = donor.windowSpec
      hiera.globalAttentionBlocks = donor.globalAttentionBlocks
      return .hiera(hiera)
    case (.vit(var vit), .vit(let donor)):
      vit.numHeads = donor.numHeads
      vit.windowSize = donor.windowSize
      vit.windowBlocks = donor.windowBlocks
      return .vit(vit)
    case (.repvit, _), (.hiera, _), (.vit, _): return self
    }
  }

  /// This trunk with a layout that is valid for any tensors, and an input size that suits it.
  var withPlainLayout: (trunk: Self, imageSize: Int) {
    switch self {
    case .hiera(var hiera):
      let window = hiera.windowSpec[0]
      hiera.numHeads = 1
      hiera.globalAttentionBlocks = []
      hiera.windowSpec = hiera.stages.map { _ in window }
      let halvings = min(4, max(0, hiera.stages.count - 1))
      return (.hiera(hiera), max(32, window * 4 * (4 << halvings)))
    case .repvit(let repvit):
      return (self, 4 << min(4, max(0, repvit.depths.count - 1)))
    case .vit(var vit):
      vit.numHeads = 1
      vit.windowBlocks = []
      return (.vit(vit), 4 * PlainViT.patchSize)
    }
  }

  /// The tensors of this trunk, for messages.
  var sizeInWords: String {
    switch self {
    case .hiera(let hiera): "stages \(hiera.stages) at width \(hiera.embedDim)"
    case .repvit(let repvit): "RepViT stages \(repvit.depths) at widths \(repvit.embedDims)"
    case .vit(let vit): "\(vit.depth) plain blocks at width \(vit.embedDim)"
    }
  }

  /// The layout of this trunk, for messages.
  var layoutInWords: String {
    switch self {
    case .hiera(let hiera):
      "\(hiera.numHeads) heads in the first stage, windows \(hiera.windowSpec), global attention in "
        + "blocks \(hiera.globalAttentionBlocks)"
    case .repvit: "nothing but what its tensors determine"
    case .vit(let vit):
      "\(vit.numHeads) heads, windows of \(vit.windowSize) in blocks \(vit.windowBlocks)"
    }
  }
}
