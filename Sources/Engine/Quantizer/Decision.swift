public import Tensors

/// How one weight was treated, for reports.
public struct Decision: Sendable {
  /// How a weight is stored and used.
  public enum Scheme: String, Sendable {
    /// int8 weight, activations rounded row by row, int8 product.
    case int8 = "w8a8"
    /// int8 storage, float product.
    case stored8 = "w8"
    /// Stored and computed in floating point.
    case float
  }

  public let weight: String
  public let shape: Shape
  public let scheme: Scheme
  /// Storage before and after.
  public let from: DType
  public let to: DType
  /// Signal-to-noise ratio of the quantised weight in decibels; nil if it stays in floating point.
  public let sqnr: Double?
  /// Signal-to-noise ratio of its rounded input rows in decibels; nil without calibration.
  public let inputSQNR: Double?
  /// Smallest and largest weight.
  public let range: ClosedRange<Float>
  /// Share of a channel's largest magnitude that the integers reach, averaged over the channels; 1
  /// without a search.
  public let clip: Double?
  /// Output channels that are all zeros.
  public let zeroChannels: Int
  /// Smoothing exponent of its input; nil if the input was not smoothed.
  public let smoothing: Double?
  /// Largest magnitude subtracted from a channel of its input; nil if the input was not shifted.
  public let shift: Float?
  /// Largest magnitude added to the bias; nil without correction.
  public let correction: Float?
  /// Why it was not quantised; for linear layers only.
  public let reason: String?
}
