extension ModelConfiguration {
  /// The network that computes feature maps of an image, with the configuration of its kind.
  ///
  /// A closed list: code that depends on the trunk switches over it, so that a new kind does not
  /// compile until each of these places handles it.
  public enum Trunk: Sendable, Equatable {
    case hiera(Hiera)
    case repvit(RepViT)
    case vit(PlainViT)
  }
}

extension ModelConfiguration.Trunk {
  /// A kind of trunk without its configuration; the raw value is its name in files.
  public enum Kind: String, Sendable, CaseIterable {
    case hiera
    case repvit
    case vit

    /// A trunk of this kind with the initial values.
    public var initial: ModelConfiguration.Trunk {
      switch self {
      case .hiera: .hiera(Hiera())
      case .repvit: .repvit(RepViT())
      case .vit: .vit(PlainViT())
      }
    }
  }

  public var kind: Kind {
    switch self {
    case .hiera: .hiera
    case .repvit: .repvit
    case .vit: .vit
    }
  }

  /// Channels of each map that the neck reads, finest first.
  ///
  /// Each map has half the side of the previous one; the first has a quarter of the image's, or a
  /// sixteenth when it is the only one.
  public var levelWidths: [Int] {
    switch self {
    case .hiera(let hiera): hiera.stageWidths
    case .repvit(let repvit): repvit.embedDims
    case .vit(let vit): [vit.embedDim]
    }
  }

  /// Number of levels that the neck outputs: the map of stride 16, and two finer ones if there are
  /// any.
  public var outputLevels: Int {
    switch self {
    case .hiera, .repvit: 3
    case .vit: 1
    }
  }
}
