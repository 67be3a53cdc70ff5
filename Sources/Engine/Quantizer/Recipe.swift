/// Which products run in int8.
///
/// Rules look at what a layer is and where it runs, not at substrings of names; names count only
/// where a user gives patterns.
public struct Recipe: Sendable {
  /// Graphs whose linear layers are quantised.
  ///
  /// The decoder and the heads account for 1 % of the work but all of the fragility, so they stay
  /// in float32.
  public var graphs: Set<String> = [
    "encode_image", "attend_memory", "attend_pooled_memory", "encode_memory",
  ]
  /// Graphs in which products stay in floating point unless they read `NormalizedValues`.
  ///
  /// In the encoders, these project the sums of stages to the features that everything else reads:
  /// 2 % of the work but half of the error.
  public var floatUnnormalizedGraphs: Set<String> = ["encode_image", "encode_memory"]
  /// Minimum depth and number of outputs worth quantising: below this, int8 saves little time and
  /// few bytes, while its error affects everything downstream.
  public var minimumSide = 64
  /// Weights, and labels of attention layers, that stay in floating point: exact names, or patterns
  /// with `*` and `?`.
  public var keepFloat: [String] = []
  /// Improvements over plain rounding; some of them need calibration.
  public var steps: Set<Step> = Set(Step.allCases)
  /// Number of elements from which a weight that is not multiplied in int8 is still stored in int8.
  public var minimumStoredElements = 32_768
  /// Minimum signal-to-noise ratio in decibels, for inputs like those of calibration, at which a
  /// weight is stored in int8.
  public var minimumStoredSQNR = 35.0

  /// Graphs whose attention runs in int8.
  public var attentionGraphs: Set<String> = [
    "encode_image", "attend_memory", "attend_pooled_memory",
  ]
  /// Minimum number of keys for which int8 attention is worth its rounding.
  public var minimumKeys = 32

  /// An improvement that can be left out.
  public enum Step: String, Sendable, CaseIterable {
    /// Each weight channel's range is the one with the minimum error, not its largest value.
    case clip
    /// Large input channels are divided, and their weights multiplied, before rounding.
    case smoothing
    /// The mean of each input channel is subtracted before rounding, and its product added
    /// afterwards.
    case shifting
    /// Channels of queries are divided, and those of keys multiplied, before attention rounds them.
    case balancing
    /// Where calibration has no data, smoothing, shifting and balancing are estimated from the
    /// weights.
    case estimation
    /// Without pictures from a user, the model is observed on drawn scenes.
    case scenes
    /// Each weight's rounding compensates for that of the preceding weights in its channel.
    case compensation
    /// The mean error of each product is subtracted from its bias.
    case biasCorrection = "bias-correction"
    /// Large weights of the float products are stored in int8 as well.
    case int8Storage = "int8-storage"
    /// Attention of `attentionGraphs` runs in int8.
    case int8Attention = "int8-attention"
    /// Int8 attention over tokens on a grid does without keys where that is less work.
    case axialAttention = "axial-attention"
  }

  public init() {}

  /// A recipe for the same layers with plain rounding.
  public var withoutSearch: Recipe {
    var copy = self
    copy.steps.formIntersection([.int8Attention, .axialAttention])
    return copy
  }

  /// Whether a weight that is not multiplied in int8 is stored in it.
  func storesInInt8(_ weight: String, _ elementCount: Int) -> Bool {
    elementCount >= minimumStoredElements
      && !keepFloat.contains { matches(weight, pattern: $0) }
  }

  /// Why a linear layer stays in floating point; nil when it is quantised.
  func reasonToKeep(
    weight: String, graph: String, outputs: Int, depth: Int, readsNormalizedValues: Bool
  ) -> String? {
    if !graphs.contains(graph) { return "\(graph) stays in float" }
    if min(outputs, depth) < minimumSide { return "smaller than \(minimumSide)" }
    if !readsNormalizedValues, floatUnnormalizedGraphs.contains(graph) {
      return "input channels differ in scale"
    }
    if let pattern = keepFloat.first(where: { matches(weight, pattern: $0) }) {
      return "kept by \(pattern)"
    }
    return nil
  }
}

extension Recipe {
  /// Why an attention layer stays in floating point; nil when it is quantised.
  ///
  /// `keys` is nil where the number depends on the call, as it does for the memory.
  public func reasonToKeepAttention(label: String, graph: String, keys: Int?) -> String? {
    if !steps.contains(.int8Attention) { return "the recipe has no int8 attention" }
    if !attentionGraphs.contains(graph) { return "\(graph) stays in float" }
    if let keys, keys < minimumKeys { return "fewer than \(minimumKeys) keys" }
    if let pattern = keepFloat.first(where: { matches(label, pattern: $0) }) {
      return "kept by \(pattern)"
    }
    return nil
  }
}

/// Whether `text` matches `pattern`, where `*` matches any run of characters and `?` matches one.
public func matches(_ text: String, pattern: String) -> Bool {
  let (text, pattern) = (Array(text.utf8), Array(pattern.utf8))
  var (t, p) = (0, 0)
  var retry: (t: Int, p: Int)?
  while t < text.count {
    if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
      retry = (t, p)
      p += 1
    } else if p < pattern.count, pattern[p] == UInt8(ascii: "?") || pattern[p] == text[t] {
      t += 1
      p += 1
    } else if let last = retry {
      // Let the last star take one more character.
      retry = (last.t + 1, last.p)
      (t, p) = (last.t + 1, last.p + 1)
    } else {
      return false
    }
  }
  return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
}
