public import Bytes
public import Detector
public import JobSupport
public import SAM2

/// Works through a list of pictures and videos, and can stop anywhere and be resumed later.
///
/// `Formats/batch.md` describes the list and the results.
public final class BatchJob {
  /// The treatment of results of an earlier run.
  public enum Start: Sendable {
    case refuse
    case resume
    case replace
  }

  /// Calls while a batch is at work, on its thread.
  public struct Events {
    /// Called with the numbers of items that have a result, of all, and of those from before.
    public var progress: (_ done: Int, _ total: Int, _ before: Int) -> Void
    /// Called with the failure of an item; its place names the line of the list.
    public var failed: (Failure) -> Void
    /// Called with what an item left out or had to choose; its file is the item unless it has one.
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
    /// Items that an earlier run had done.
    public let earlierCount: Int
    /// Items that are done with less than their inputs should have given.
    public let incompleteCount: Int
    /// Whether every item has a result, so that the file with all results exists.
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

  /// Reads the list at `path`, standard input for "-", and takes hold of the shard's results in
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

  /// Does what is missing, and writes the file with all results when every item has one; `model` and
  /// `detector` are called only if anything is missing.
  ///
  /// An item that fails does not end the run.
  /// - Throws: what `model` throws; troubles that are not an item's own, as a full disk.
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

  /// Finds which results of an earlier run still hold.
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
