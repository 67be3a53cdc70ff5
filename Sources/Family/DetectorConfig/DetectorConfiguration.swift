public import SAM2Config

/// Everything about an OWLv2 or OWL-ViT that is not a weight
/// (Minderer et al., arXiv 2306.09683 and 2205.06230).
///
/// The initial values are those of `owlv2-base-patch16`.
public struct DetectorConfiguration: Sendable, Equatable {
  /// A transformer with identical layers: the one for texts, or the one for pictures.
  public struct Tower: Sendable, Equatable {
    public var width: Int
    public var layers: Int
    public var heads: Int
    /// Width of the hidden layer of each MLP.
    public var feedforward: Int
    public var normEpsilon: Float
    /// The activation between the two layers of each MLP.
    public var activation: TowerActivation

    public init(
      width: Int, layers: Int, heads: Int, feedforward: Int, normEpsilon: Float = 1e-5,
      activation: TowerActivation = .quickGELU
    ) {
      self.width = width
      self.layers = layers
      self.heads = heads
      self.feedforward = feedforward
      self.normEpsilon = normEpsilon
      self.activation = activation
    }
  }

  public var kind: DetectorKind = .owlv2
  /// Side of the square input, in pixels.
  public var imageSize = 960
  /// Side of a patch, in pixels; each patch predicts one box.
  public var patchSize = 16
  public var text = Tower(width: 512, layers: 12, heads: 8, feedforward: 2048)
  public var vision = Tower(width: 768, layers: 12, heads: 12, feedforward: 3072)
  /// Tokens in the vocabulary.
  public var vocabularyCount = 49408
  /// Length of the longest text in tokens, including the start and the end.
  public var tokenCount = 16
  /// Width of the space in which texts and boxes meet.
  public var queryWidth = 512
  /// Means and standard deviations of red, green and blue in 0...1, as in CLIP.
  public var pixelMean = [0.48145466, 0.4578275, 0.40821073]
  public var pixelStd = [0.26862954, 0.26130258, 0.27577711]

  public init() {}

  /// Patches along one side.
  public var side: Int { imageSize / patchSize }
  /// Boxes per picture: one per patch.
  public var boxCount: Int { side * side }
}

/// The published generations of the architecture.
public enum DetectorKind: String, Sendable, CaseIterable {
  case owlv2
  case owlvit

  /// The kind of model in a file of this detector.
  public var architecture: Architecture {
    switch self {
    case .owlv2: .owlv2
    case .owlvit: .owlvit
    }
  }

  public init?(_ architecture: Architecture) {
    switch architecture {
    case .owlv2: self = .owlv2
    case .owlvit: self = .owlvit
    case .sam2: return nil
    }
  }

  /// The name that people use.
  public var name: String {
    switch self {
    case .owlv2: "OWLv2"
    case .owlvit: "OWL-ViT"
    }
  }

  /// Whether there is a head that scores whether a box holds any object.
  public var hasObjectness: Bool { self == .owlv2 }

  /// Whether pictures become square by padding on the right and below, rather than by stretching.
  public var padsPictures: Bool { self == .owlv2 }
}

/// Activations that the towers are trained with; the raw value is the name in a `config.json`.
public enum TowerActivation: String, Sendable, CaseIterable {
  case quickGELU = "quick_gelu"
  case gelu
}
