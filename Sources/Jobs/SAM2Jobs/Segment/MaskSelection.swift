/// Which masks of a model's answer to a prompt are requested.
public enum MaskSelection: Sendable {
  /// The single-mask output.
  case single
  /// The best of three candidates by predicted IoU.
  case best
  /// All three candidates.
  case all

  /// Whether the model's three candidates are needed.
  var usesCandidates: Bool { self != .single }

  /// Number of masks kept per prompt.
  var maskCount: Int { self == .all ? 3 : 1 }
}
