// Numbers as people read them.

/// A byte count in the largest unit that it reaches: "8.81 MB".
public func readable(byteCount: Int) -> String {
  let units = ["bytes", "kB", "MB", "GB", "TB"]
  var (value, unit) = (Double(byteCount), 0)
  while value >= 1000, unit < units.count - 1 {
    value /= 1000
    unit += 1
  }
  return unit == 0 ? "\(byteCount) bytes" : "\(fixed(value, value < 10 ? 2 : 1)) \(units[unit])"
}

/// `value` with `digits` decimals, without a locale.
public func fixed(_ value: Double, _ digits: Int) -> String {
  guard value.isFinite else { return "\(value)" }
  var scale = 1.0
  for _ in 0..<digits { scale *= 10 }
  let scaled = (abs(value) * scale).rounded()
  guard scaled < 9e15 else { return "\(value)" }
  let number = Int(scaled)
  let sign = value < 0 && number != 0 ? "-" : ""
  guard digits > 0 else { return sign + String(number) }
  let fraction = String(number % Int(scale))
  let padding = String(repeating: "0", count: digits - fraction.count)
  return "\(sign)\(number / Int(scale)).\(padding)\(fraction)"
}
