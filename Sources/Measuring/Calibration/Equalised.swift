internal import Quantizer

/// The equalisation of channels that are rounded together, for a file's metadata.
public struct Equalised: Sendable {
  /// The source of channel magnitudes.
  public enum Basis: Sendable {
    /// Pictures and clips that were given.
    case inputs
    /// Drawn scenes.
    case scenes(DrawnScenes)
    /// Norms and weights alone.
    case weights
  }

  public let basis: Basis
  /// Number of weights belonging to products whose inputs were smoothed or shifted.
  public let smoothedWeights: Int
  /// Labels of attention layers with balanced queries and keys.
  public let balancedAttention: [String]

  init(_ plan: QuantizationPlan, by basis: Basis) {
    self.basis = basis
    smoothedWeights = plan.smoothedWeightCount
    balancedAttention = plan.balanced
  }
}
