internal import Glibc

/// Progress of long work on stderr: a line redrawn in place on a terminal, a line every ten seconds
/// elsewhere.
///
/// Says nothing for work that is over in a moment.
public final class ProgressLine {
  private let title: String
  private let unit: String
  private let enabled: Bool
  private let isTerminal = Console.errorIsTerminal
  private let start = ProgressLine.now()
  private var lastDrawn: Double
  private var drewLine = false

  /// Nothing is drawn unless `enabled`, which is false for `--quiet`.
  public init(_ title: String, unit: String, enabled: Bool) {
    self.title = title
    self.unit = unit
    self.enabled = enabled
    lastDrawn = start
  }

  /// Reports that `done` of `total` are done (`total` nil when it is not known).
  public func update(_ done: Int, of total: Int?) {
    let now = Self.now()
    guard enabled, now - lastDrawn >= (isTerminal ? 0.1 : 10) else { return }
    lastDrawn = now
    let rate = Double(done) / max(1e-9, now - start)
    var text = "\(title): \(done)"
    if let total { text += "/\(total)" }
    text += " \(unit)"
    if rate > 0 {
      text += ", \(fixed(rate, rate < 10 ? 2 : 0))/s"
      if let total { text += ", \(Self.duration(Double(total - done) / rate)) left" }
    }
    if isTerminal {
      Console.write("\r\(text)\u{1B}[K", to: STDERR_FILENO)
      drewLine = true
    } else {
      Console.error(text)
    }
  }

  /// Reports on work that has several parts, naming the one it is at.
  public func update(_ part: String, _ done: Int, of total: Int) {
    let now = Self.now()
    guard enabled, now - lastDrawn >= (isTerminal ? 0.1 : 10) else { return }
    lastDrawn = now
    let text = "\(part): \(done)/\(total)"
    if isTerminal {
      Console.write("\r\(text)\u{1B}[K", to: STDERR_FILENO)
      drewLine = true
    } else {
      Console.error(text)
    }
  }

  /// Clears the line.
  public func finish() {
    if drewLine { Console.write("\r\u{1B}[K", to: STDERR_FILENO) }
    drewLine = false
  }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  private static func duration(_ seconds: Double) -> String {
    let whole = Int(min(max(0, seconds), 1e9))
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(whole / 60 % 60) min"
  }
}
