internal import Bytes
internal import JSON

/// Numbers formatted for people.
enum Figure {
  /// Formats with `digits` decimals; "–" for no value, "∞" for infinity.
  static func text(_ value: Double?, _ digits: Int) -> String {
    guard let value, !value.isNaN else { return "–" }
    guard value.isFinite else { return value > 0 ? "∞" : "−∞" }
    return fixed(value, digits)
  }

  /// An IoU with enough digits to distinguish it from 1.
  static func iou(_ value: Double?) -> String { text(value, 4) }

  static func decibels(_ value: Double?) -> String {
    value == nil ? "–" : text(value, 1) + " dB"
  }

  /// A weight, to about three significant digits.
  static func weight(_ value: Float) -> String {
    let magnitude = abs(value)
    return text(Double(value), magnitude >= 100 ? 0 : magnitude >= 1 ? 2 : 4)
  }

  static func bytes(_ count: Int) -> String { readable(byteCount: count) }

  /// Formats with a thin space between thousands.
  static func count(_ number: Int) -> String {
    var digits = Array(String(abs(number)))
    var place = digits.count - 3
    while place > 0 {
      digits.insert("\u{202F}", at: place)
      place -= 3
    }
    return (number < 0 ? "−" : "") + String(digits)
  }

  static func percent(_ share: Double, _ digits: Int = 1) -> String {
    text(100 * share, digits) + " %"
  }

  /// "1 mask", "2 masks"; `many` is a plural that does not simply add "s".
  static func plural(_ number: Int, _ noun: String, _ many: String? = nil) -> String {
    "\(count(number)) \(number == 1 ? noun : many ?? noun + "s")"
  }

  // MARK: - For programs

  /// A figure without digits that would be noise; null for no value or infinity.
  static func json(_ value: Double?, _ digits: Int) -> JSONValue {
    guard let value, value.isFinite else { return .null }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    return .number((value * scale).rounded() / scale)
  }

  static func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  /// The value below which the given share of values falls, 0...1.
  static func percentile(_ share: Double, _ values: [Double]) -> Double? {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return nil }
    return sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
  }
}
