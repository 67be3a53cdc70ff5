import Bytes
import JSON
import JobSupport

/// Works through the items of a shard in order, and maintains its journal.
///
/// While the model processes one item, the next is read and the previous one written. So at most
/// three pictures are in memory.
final class BatchRun {
  private let stages: BatchStages
  private let journal: BatchJournal
  /// The shard's range of items in the manifest.
  private let range: Range<Int>
  private let events: BatchJob.Events
  private let before: Int
  private let examples: BatchExamples
  /// Number of items that have received a result in this run.
  private var handled = 0

  /// The item that is currently being written.
  private var pending: (item: BatchStages.Prepared, writing: Writing)?
  private typealias Writing = BackgroundWork<Result<Written, Failure>>

  /// The line of a completed item, and the messages about it.
  private struct Written: Sendable {
    let line: JSONValue
    let outcome: BatchStages.Outcome
  }

  private typealias Reading = BackgroundWork<Result<BatchStages.Prepared, Failure>>

  init(
    _ stages: BatchStages, journal: BatchJournal, range: Range<Int>, events: BatchJob.Events
  ) {
    self.stages = stages
    self.journal = journal
    self.range = range
    self.events = events
    before = journal.doneCount
    examples = BatchExamples(stages.model, stages.settings)
  }

  /// Processes the remaining items.
  /// - Returns: whether everything is done; false if the run was asked to stop.
  /// - Throws: problems that do not belong to one item: the manifest changes, the disk is full.
  func run() throws -> Bool {
    let missing = journal.missing
    var next = missing.first.map(read)
    for count in missing.indices {
      guard !stages.cancellation.isRequested, let prepared = try next?.value().get() else { break }
      next = count + 1 < missing.count ? read(missing[count + 1]) : nil
      let work = Result {
        try stages.run(prepared, examples: examples, heartbeat: showProgress)
      }
      // A failure of the previous item concerns only that item, unless it stops the batch.
      try settle()
      switch work {
      case .success(let write): start(write, prepared)
      case .failure(let problem):
        stages.writer.folder.abandon(prepared.index)
        if BatchRun.stopsBatch(problem) { throw problem }
        if !(problem is BatchStages.Stopped) { try fail(prepared, problem) }
      }
    }
    try settle()
    return handled == missing.count
  }

  /// Starts reading the item at `position` in the shard.
  private func read(_ position: Int) -> Reading {
    let (stages, index) = (stages, range.lowerBound + position)
    return BackgroundWork {
      Result { () throws(Failure) in try stages.prepare(index) }
    }
  }

  /// Starts writing an item.
  private func start(_ write: @escaping BatchStages.Writing, _ prepared: BatchStages.Prepared) {
    let stages = stages
    pending = (
      prepared,
      BackgroundWork {
        Result { () throws(Failure) in
          let outcome = try write()
          return Written(line: stages.line(prepared, outcome), outcome: outcome)
        }
      }
    )
  }

  /// Waits for the item that is being written, and records its result.
  private func settle() throws {
    guard let (prepared, writing) = pending else { return }
    pending = nil
    switch writing.value() {
    case .success(let written):
      for notice in written.outcome.notices {
        events.noticed(notice.about(file: prepared.id))
      }
      try journal.append(
        written.line, at: prepared.index - range.lowerBound,
        written.outcome.isIncomplete ? .incomplete : .done)
      advance()
    case .failure(let failure):
      stages.writer.folder.abandon(prepared.index)
      if BatchRun.stopsBatch(failure) { throw failure }
      try fail(prepared, failure)
    }
  }

  /// Whether a problem affects more than one item: anything that prevents one item from being
  /// written prevents them all, except for an occupied folder.
  private static func stopsBatch(_ problem: any Error) -> Bool {
    switch (problem as? Failure)?.kind {
    case .cannotCreate, .writing: true
    case .usage, .badInput, .missingInput, .internalError, .outputExists, .inputOutput, nil: false
    }
  }

  private func fail(_ prepared: BatchStages.Prepared, _ problem: any Error) throws {
    let failure =
      problem as? Failure
      ?? Failure(.internalError, code: "batch.unexpected", "internal error: \(problem)")
    events.failed(failure.about(file: stages.manifest.path).inLine(line(of: prepared)))
    try journal.append(
      stages.line(prepared, failure), at: prepared.index - range.lowerBound, .failed)
    advance()
  }

  private func line(of prepared: BatchStages.Prepared) -> Int {
    stages.manifest.line(of: prepared.index)
  }

  private func advance() {
    handled += 1
    showProgress()
  }

  private func showProgress() {
    events.progress(before + handled, range.count, before)
  }
}
