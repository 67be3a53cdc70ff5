internal import Quantizer

/// The equalisation of channels that are rounded together, for the metadata of a file.
public struct Equalised: Sendable {
  /// Where sizes of channels come from.
  public enum Basis: Sendable {
    /// Pictures and clips that were given.
    case inputs
    /// Scenes that were drawn.
    case scenes(DrawnScenes)
    /// Norms and weights alone.
    case weights
  }

  public let basis: Basis
  /// Weights of products whose inputs were smoothed or shifted.
  public let smoothedWeights: Int
  /// Labels of attention layers whose queries and keys were balanced.
  public let balancedAttention: [String]

  init(_ plan: QuantizationPlan, by basis: Basis) {
    self.basis = basis
    smoothedWeights = plan.smoothedWeightCount
    balancedAttention = plan.balanced
  }
}
