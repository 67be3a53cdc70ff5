/// Statistics of the inputs of a model's products.
///
/// They are the interface between the room that runs the model and this one, which never runs
/// anything.
public struct CalibrationProfile: Sendable {
  /// Statistics of the rows that went into one product, channel by channel.
  public struct Input: Sendable {
    /// Where the rows come from, which limits what may depend on them.
    public enum Source: Sendable {
      /// Pictures and clips that a person supplied: anything may depend on them.
      case inputs
      /// Drawn scenes: only choices among a few options may depend on them, so that kernel levels,
      /// whose last bits differ, produce the same file.
      case scenes
      /// The weights ahead of the product: these rows were never observed, and only their
      /// magnitudes count.
      case weights
    }

    /// Rows seen.
    public var rowCount: Int
    /// Minimum and maximum of each channel.
    public var lowest: [Float]
    public var highest: [Float]
    /// Mean of each channel.
    public var mean: [Float]
    /// Mean square of each channel: the diagonal of the Gram matrix divided by the number of rows.
    public var secondMoment: [Float]
    /// A sample of the rows, [rows, channels], spread evenly over all rows seen.
    public var sample: [Float]
    public var source: Source

    public var channelCount: Int { mean.count }
    public var sampleRowCount: Int { mean.isEmpty ? 0 : sample.count / mean.count }

    /// Largest magnitude of each channel.
    var absoluteMaximum: [Float] { zip(lowest, highest).map { max(-$0, $1) } }

    public init(
      rowCount: Int, lowest: [Float], highest: [Float], mean: [Float], secondMoment: [Float],
      sample: [Float], source: Source = .inputs
    ) {
      precondition(lowest.count == mean.count && highest.count == mean.count)
      precondition(secondMoment.count == mean.count)
      precondition(mean.isEmpty ? sample.isEmpty : sample.count % mean.count == 0)
      self.rowCount = rowCount
      self.lowest = lowest
      self.highest = highest
      self.mean = mean
      self.secondMoment = secondMoment
      self.sample = sample
      self.source = source
    }

    /// The statistics of the same rows with `offsets[k]` subtracted from channel k.
    func shifted(by offsets: [Float]) -> Input {
      var copy = self
      for k in offsets.indices {
        copy.lowest[k] -= offsets[k]
        copy.highest[k] -= offsets[k]
        // E (x - o)^2 = E x^2 - 2 o E x + o^2, which rounding may push below the variance.
        let moment = Double(secondMoment[k]) + Double(offsets[k]) * Double(offsets[k] - 2 * mean[k])
        copy.secondMoment[k] = max(0, Float(moment))
        copy.mean[k] -= offsets[k]
      }
      for row in 0..<sampleRowCount {
        for k in offsets.indices { copy.sample[row * offsets.count + k] -= offsets[k] }
      }
      return copy
    }

    /// The statistics of the same rows with channel k divided by `factors[k]`.
    func divided(by factors: [Float]) -> Input {
      var copy = self
      for k in factors.indices {
        copy.lowest[k] /= factors[k]
        copy.highest[k] /= factors[k]
        copy.mean[k] /= factors[k]
        copy.secondMoment[k] /= factors[k] * factors[k]
      }
      for row in 0..<sampleRowCount {
        for k in factors.indices { copy.sample[row * factors.count + k] /= factors[k] }
      }
      return copy
    }
  }

  /// Inputs, keyed by the name of the weight that multiplies them.
  public var inputs: [String: Input]

  public init(inputs: [String: Input] = [:]) { self.inputs = inputs }
}
