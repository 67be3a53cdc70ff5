public import Bytes
public import Detector
public import JobSupport
public import SAM2

/// Works through a list of pictures and videos; it can stop at any point and be resumed later.
///
/// `Formats/batch.md` describes the list and the results.
public final class BatchJob {
  /// How to treat results of an earlier run.
  public enum Start: Sendable {
    case refuse
    case resume
    case replace
  }

  /// Callbacks during a batch, called on its thread.
  public struct Events {
    /// Called with the number of items that have a result, the total, and the number from earlier
    /// runs.
    public var progress: (_ done: Int, _ total: Int, _ before: Int) -> Void
    /// Called when an item fails; the failure's place names the line of the list.
    public var failed: (Failure) -> Void
    /// Called with anything an item left out or had to choose; the notice's file defaults to the
    /// item.
    public var noticed: (Notice) -> Void

    public init(
      progress: @escaping (_ done: Int, _ total: Int, _ before: Int) -> Void = { _, _, _ in },
      failed: @escaping (Failure) -> Void = { _ in },
      noticed: @escaping (Notice) -> Void = { _ in }
    ) {
      self.progress = progress
      self.failed = failed
      self.noticed = noticed
    }
  }

  /// The state of a batch after a run.
  public struct Summary: Sendable {
    /// Items of the shard.
    public let itemCount: Int
    public let doneCount: Int
    /// Items that an earlier run had completed.
    public let earlierCount: Int
    /// Items completed with less than their inputs should have given.
    public let incompleteCount: Int
    /// Whether every item has a result, in which case the file with all results exists.
    public let isFinished: Bool

    public var failedCount: Int { itemCount - doneCount }
  }

  /// The file with all results.
  public var resultsPath: String { journal.path }
  private let manifest: BatchManifest
  private let range: Range<Int>
  private let directory: OutputDirectory
  private let journal: BatchJournal
  private let settings: BatchSettings
  private let shard: Shard?
  private let start: Start

  /// Reads the list at `path`, or standard input for "-", and claims the shard's results in
  /// `output`, which is created.
  /// - Throws: `file.*`, `json.*`, `batch.*`; `output.*`.
  public init(
    list path: String, output: OutputFolder, shard: Shard? = nil, settings: BatchSettings,
    start: Start = .refuse
  ) throws(Failure) {
    manifest = try BatchManifest(path)
    range = shard?.range(of: manifest.count) ?? 0..<manifest.count
    directory = try output.create()
    journal = try BatchJournal(output, directory, shard: shard, count: range.count, start: start)
    self.settings = settings
    self.shard = shard
    self.start = start
  }

  /// Processes the remaining items, and writes the file with all results once every item has one;
  /// `model` and `detector` are called only if any items remain.
  ///
  /// An item's failure does not end the run.
  /// - Throws: anything that `model` throws; problems that do not belong to one item, such as a
  ///   full disk.
  public func run(
    model: () throws -> SegmentationModel, detector: () throws -> Detector? = { nil },
    cancellation: Cancellation = .never,
    events: Events = Events()
  ) throws -> Summary {
    let folder = try BatchFolder(directory, shard: shard)
    defer { folder.close() }
    let writer = BatchWriter(
      formats: settings.formats, context: settings.context, folder: folder,
      replacesExisting: start != .refuse)
    if start == .resume { try takeOver(writer) }
    let earlier = journal.doneCount
    var isFinished = true
    if !journal.missing.isEmpty {
      let stages = BatchStages(
        manifest: manifest, settings: settings, writer: writer, model: try model(),
        detector: try detector(), cancellation: cancellation)
      isFinished = try BatchRun(stages, journal: journal, range: range, events: events).run()
    }
    if isFinished { try journal.publish() }
    return Summary(
      itemCount: range.count, doneCount: journal.doneCount, earlierCount: earlier,
      incompleteCount: journal.incompleteCount, isFinished: isFinished)
  }

  /// Determines which results of an earlier run are still valid.
  private func takeOver(_ writer: BatchWriter) throws(Failure) {
    guard journal.hasEarlierResults else { return }
    var positions: [UInt64: Int] = [:]
    for index in range {
      let digest = try settings.digest(of: manifest.item(index).json)
      positions[digest] = index - range.lowerBound
    }
    try journal.load(positions: positions, isWhole: writer.isWhole)
  }
}
