/// Which products run in int8.
///
/// Rules look at what a layer is and where it runs, not at substrings of names; names count only
/// where a user gives patterns.
public struct Recipe: Sendable {
  /// Graphs whose linear layers are quantised.
  ///
  /// The decoder and the heads are 1 % of the work and carry all of the fragility, so they stay in
  /// float32.
  public var graphs: Set<String> = ["encode_image", "attend_memory", "encode_memory"]
  /// Smallest depth and number of outputs worth quantising.
  public var minimumSide = 32
  /// Weights that stay in floating point: exact names, or patterns with `*` and `?`.
  public var keepFloat: [String] = []

  public init() {}

  /// Why a linear layer stays in floating point; nil when it is quantised.
  public func reasonToKeep(weight: String, graph: String, outputs: Int, depth: Int) -> String? {
    if !graphs.contains(graph) { return "\(graph) stays in float" }
    if min(outputs, depth) < minimumSide { return "smaller than \(minimumSide)" }
    if let pattern = keepFloat.first(where: { matches(weight, pattern: $0) }) {
      return "kept by \(pattern)"
    }
    return nil
  }
}

/// Whether `text` fits `pattern`, in which `*` stands for any run of characters and `?` for one.
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
