public import Bytes

/// The notices of a command: each is printed once, and all go into its report.
public final class NoticeLog {
  /// Everything so far, what was found on the command line first.
  public private(set) var all = RepeatedOptions.notices
  private let common: CommonOptions
  private var shown = 0
  /// More notices are only in the report.
  private static let limit = 20

  public init(_ common: CommonOptions) { self.common = common }

  public func add(_ notices: [Notice]) {
    for notice in notices {
      // A job repeats a notice when more of its kind has been found.
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

  /// Whether the results lack something.
  public var isIncomplete: Bool { all.contains(where: \.isIncomplete) }
}
