import Bytes
import Glibc
import JSON
import JobSupport
import Synchronization

/// Progress of long work on stderr, with rate and remaining time.
///
/// On a terminal, one line is redrawn in place, at most ten times per second. Elsewhere, a line is
/// written once ten seconds have passed since the last one and either a twentieth of the work is
/// done or a minute has passed; as JSON, every second. Nothing is written for work that is over in
/// a moment.
public final class ProgressLine {
  private var title: String
  private let unit: String
  private let style: ProgressStyle
  private let redraws: Bool
  private var start = StageClock.now()
  private var state = (done: 0, total: Int?.none)
  /// The amount done before the start, which does not count towards the rate.
  private var before = 0
  private var last: (time: Double, done: Int)
  private var hasShown = false

  /// Shows nothing unless `enabled`, which is false for `--quiet`.
  ///
  /// `unit` is a plural such as "frames"; "bytes" are shown as kB, MB and so on.
  public init(_ title: String, unit: String, enabled: Bool, style: ProgressStyle = .auto) {
    self.title = printable(title, limit: 40)
    self.unit = unit
    self.style = enabled ? style : .none
    redraws = self.style.redraws
    last = (start, 0)
  }

  /// Reports that `done` of `total` are done (`total` is nil if unknown).
  ///
  /// `before` of them were done before this run.
  public func update(_ done: Int, of total: Int?, before: Int = 0) {
    state = (done, total)
    self.before = before
    guard style != .none, isTime(StageClock.now()) else { return }
    show()
  }

  /// Reports on work that has several parts, naming the current one.
  public func update(_ part: String, _ done: Int, of total: Int) {
    let part = printable(part, limit: 40)
    if part != title {
      title = part
      start = StageClock.now()
    }
    update(done, of: total)
  }

  /// Clears the line; in JSON, the last state is written as the last line.
  public func finish() {
    if redraws {
      if Interruption.lineIsDrawn.exchange(false, ordering: .relaxed) {
        Console.write("\r\u{1B}[K", to: STDERR_FILENO)
      }
    } else if style == .json, hasShown, last.done != state.done {
      show()
    }
  }

  // MARK: - When

  private func isTime(_ now: Double) -> Bool {
    let pause = now - last.time
    if style == .json { return pause >= 1 }
    // The output that follows makes the end visible.
    if state.done == state.total { return false }
    if redraws { return pause >= 0.1 }
    let step = state.total.map { $0 / 20 } ?? Int.max
    return pause >= 10 && (!hasShown || pause >= 60 || state.done - last.done >= step)
  }

  // MARK: - Text

  private func show() {
    last = (StageClock.now(), state.done)
    hasShown = true
    guard redraws else {
      Console.error(style == .json ? json.text() : text)
      return
    }
    // A line that wraps could not be redrawn.
    let width = max(Console.errorWidth - 1, 20)
    Console.write("\r\(text.prefix(width))\u{1B}[K", to: STDERR_FILENO)
    Interruption.lineIsDrawn.store(true, ordering: .relaxed)
  }

  /// Amount per second and seconds left; nil while nothing is known.
  private var pace: (rate: Double, left: Double?)? {
    let done = state.done - before
    let seconds = StageClock.now() - start
    guard done > 0, seconds > 0 else { return nil }
    let rate = Double(done) / seconds
    return (rate, state.total.map { Double(max(0, $0 - state.done)) / rate })
  }

  private var text: String {
    var text = "\(title): \(amount(state.done))"
    if let total = state.total { text += " of \(amount(total))" }
    if unit != "bytes", !unit.isEmpty { text += " \(unit)" }
    guard let pace else { return text }
    let rate = Int(min(pace.rate, 1e15))
    text += unit == "bytes" ? ", \(amount(rate))/s" : ", \(fixed(pace.rate, rate < 10 ? 2 : 0))/s"
    if let left = pace.left { text += ", \(Self.duration(left)) left" }
    return text
  }

  private func amount(_ count: Int) -> String {
    unit == "bytes" ? readable(byteCount: count) : "\(count)"
  }

  private var json: JSONValue {
    [
      "progress": .string(title), "unit": .string(unit), "done": .init(state.done),
      "total": state.total.map { .init($0) } ?? .null,
      "per_second": pace.map { .number(rounded($0.rate)) } ?? .null,
      "seconds_left": pace?.left.map { .number(rounded($0)) } ?? .null,
    ]
  }

  private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }

  private static func duration(_ seconds: Double) -> String {
    let whole = Int(min(max(0, seconds), 1e9))
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(whole / 60 % 60) min"
  }
}
