public import Bytes

/// A command's notices: each is printed once, and all are included in its report.
public final class NoticeLog {
  /// All notices so far, beginning with those about the command line.
  public private(set) var all = RepeatedOptions.notices
  private let common: CommonOptions
  private var shown = 0
  /// Further notices appear only in the report.
  private static let limit = 20

  public init(_ common: CommonOptions) { self.common = common }

  public func add(_ notices: [Notice]) {
    for notice in notices {
      // A job repeats a notice once it has found more of its kind.
      if let known = all.firstIndex(where: { $0.isSame(as: notice) }) {
        all[known] = notice
        continue
      }
      all.append(notice)
      shown += 1
      if shown <= NoticeLog.limit, !common.quiet { Tool.report(notice) }
      if shown == NoticeLog.limit + 1 { common.note("note: there is more; --json lists all") }
    }
  }

  /// Whether the results are incomplete.
  public var isIncomplete: Bool { all.contains(where: \.isIncomplete) }
}
