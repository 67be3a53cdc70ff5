public import Bytes

/// Options that decide which boxes count.
public struct DetectionOptions: Sendable, Hashable {
  /// Boxes with this score or a lower one are left out.
  public var threshold: Float = 0.1
  /// Of two boxes that answer the same query and overlap by more than this (intersection over
  /// union), only the better one is kept; 1 keeps all.
  public var suppression: Float = 0.5
  /// Maximum number of boxes per picture; the best ones are kept.
  public var maximumCount = 100

  public init() {}

  /// - Throws: `detect.threshold`, `detect.suppression`, `detect.count`.
  public func validate() throws(Failure) {
    for (name, code, value) in [
      ("threshold", "detect.threshold", threshold),
      ("overlap of duplicates", "detect.suppression", suppression),
    ] where !(0...1).contains(value) {
      throw Failure(.usage, code: code, "the \(name) is \(value), and must be in 0 to 1")
    }
    guard maximumCount > 0 else {
      throw Failure(
        .usage, code: "detect.count", "\(maximumCount) is not a number of detections per picture")
    }
  }
}
