import Bytes

extension Failure {
  /// The same failure, with `place` as its place.
  func at(_ place: String) -> Failure {
    var copy = self
    copy.place = place + (self.place.map { ", \($0)" } ?? "")
    return copy
  }

  /// An input that exceeds its byte limit.
  static func tooLarge(_ byteCount: Int, _ limit: Int) -> Failure {
    Failure(
      .badInput, code: "serve.too_large",
      "\(byteCount) bytes are more than the limit of \(limit)", hint: "make the file smaller")
  }
}
