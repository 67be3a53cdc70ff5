/// A fact about an input that its result does not show: a part that was left out, one
/// interpretation chosen among several, or an end that came too early.
///
/// A `Failure` ends work; a notice accompanies the result, and every report on the result repeats
/// it. Two notices with the same code about the same job are the same finding in two places.
public struct Notice: Sendable, Hashable {
  public enum Kind: String, Sendable, CaseIterable {
    /// Part of the input is not in the results.
    case leftOut = "left_out"
    /// Part of the input has several interpretations, and one of them was chosen.
    case reinterpreted
    /// The input promised more than it held.
    case endedEarly = "ended_early"
  }

  public let kind: Kind
  /// Stable dotted identifier, for example `mask.soft`.
  public let code: String
  public let message: String
  /// How to get a different result.
  public let hint: String?
  /// The file concerned; the command adds it if the room does not know it.
  public var file: String?
  /// Whether the results lack something because of it.
  public let isIncomplete: Bool
  /// Number of findings that this notice represents.
  public private(set) var count = 1

  public init(
    _ kind: Kind, code: String, _ message: String, hint: String? = nil, file: String? = nil,
    isIncomplete: Bool = false
  ) {
    (self.kind, self.code, self.message, self.hint) = (kind, code, message, hint)
    (self.file, self.isIncomplete) = (file, isIncomplete)
  }

  /// Whether both are the same finding, regardless of how often it occurred.
  public func isSame(as other: Notice) -> Bool {
    (code, file, message) == (other.code, other.file, other.message)
  }

  /// The same notice, but about `file`.
  public func with(file: String?) -> Notice {
    var copy = self
    copy.file = file
    return copy
  }

  /// The same notice, naming the file it concerns unless it already does.
  public func about(file: String) -> Notice {
    var copy = self
    if copy.file == nil { copy.file = file }
    return copy
  }
}

extension Notice: CustomStringConvertible {
  /// One line: file, message, number of findings and hint.
  public var description: String {
    var line = file.map { "\($0): " } ?? ""
    line += message
    if count > 1 { line += " (and \(count - 1) more like it)" }
    if let hint { line += "; \(hint)" }
    return line
  }
}

extension [Notice] {
  /// Adds `notice`, or counts it with the first one that has the same code.
  public mutating func merge(_ notice: Notice) {
    guard let index = firstIndex(where: { $0.code == notice.code }) else {
      append(notice)
      return
    }
    self[index].add(notice.count)
  }
}

extension Notice {
  fileprivate mutating func add(_ more: Int) { count += more }
}
