import Synchronization

/// A job's notices, gathered from several places and threads; equal codes are counted together.
public final class NoticeCollector: Sendable {
  private let notices = Guarded<[Notice]>([])

  public init() {}

  public func add(_ notice: Notice) { notices.withLock { $0.merge(notice) } }

  public func add(_ notices: [Notice]) { for notice in notices { add(notice) } }

  /// Everything gathered so far, in order of first appearance.
  public var all: [Notice] { notices.withLock { $0 } }
}
