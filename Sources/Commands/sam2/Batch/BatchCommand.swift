import ArgumentParser
import Bytes
import CLISupport
import JSON
import JobSupport
import SAM2Jobs

struct BatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "batch",
    abstract: "Works through a list of pictures and videos, in shards; can be stopped and resumed.",
    discussion: """
      Examples:

        sam2 batch items.jsonl -o out
        sam2 batch items.jsonl -o out --resume        # after Ctrl-C
        sam2 batch items.jsonl -o out --shard 3/100   # the fourth of 100
        sam2 batch items.jsonl -o out --shard auto    # in a Slurm array
        cat out/results-*.jsonl > results.jsonl       # all shards

      A line of the list is an item:

        {"id": "a/1", "image": "1.jpg", "prompts": [{"points": [[420, 310]]}]}
        {"id": "a/2", "image": "2.jpg", "auto": {}}
        {"id": "a/3", "image": "3.jpg", "text": ["red car", "dog"]}
        {"id": "a/4", "image": "4.jpg", "examples": "marked.json"}
        {"id": "a/5", "video": "clip.mp4", "text": "red car", "detect_every": 30}
        {"id": "b", "video": "clip.mp4", "script": "session.json"}
        {"id": "c", "video": "clip.mp4", "script": "session.json", "fill_hole_area": 0, "overlay": "mp4"}

      Its masks are in DIR/ID, in the form of --format or the item's "format", its scores on a \
      line of DIR/results.jsonl. That file appears when all items are done, in the order of the \
      list; equal calls give equal bytes, however often they were stopped. An item that fails has \
      a line with the reason, and the others are continued; --resume tries it again. \
      Formats/batch.md describes it all, with recipes for job schedulers.
      """)

  @Argument(
    help: "The list: a JSON object a line; - reads standard input.",
    completion: .file(extensions: ["jsonl"]))
  var manifest: String

  @Option(name: [.short, .long], help: ArgumentHelp("Folder for results.", valueName: "dir"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "Do only part I of N, counted from 0. auto takes both from a Slurm array; auto/N takes I "
        + "from SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX.", valueName: "i/n"))
  var shard: ShardRequest?

  @Flag(help: "Continue with the results of an earlier run: do the missing and failed items.")
  var resume = false

  @Flag(help: "Start again, whatever results there are.")
  var force = false

  @Flag(help: "Print numbers of items and the file with the results as JSON.")
  var json = false

  @OptionGroup(title: "Formats") var formats: BatchFormatOptions
  @OptionGroup(title: "Masks of prompts") var finish: SegmentFinishOptions
  @OptionGroup(title: "Pictures and frames") var reading: ReadingOptions
  @OptionGroup var masks: MaskOptions
  @OptionGroup(title: "Damaged videos") var damage: DamageOptions
  @OptionGroup(title: "Words") var detector: DetectorSource
  @OptionGroup var detections: DetectionArguments
  @OptionGroup var model: ModelSource
  @OptionGroup var machine: RunOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if resume && force { throw ValidationError("--resume and --force exclude each other") }
  }

  func run() throws {
    try Tool.run(json: json) {
      let shard = try shard?.resolved(variable: Console.variable)
      let output = try OutputFolder(output)
      let settings = BatchSettings(
        formats: formats.formats, context: formats.naming.context, finish: finish.finish,
        reading: InputReading(pictures: reading.pictures, masks: masks.maskReading),
        toleratesDamage: damage.toleratesDamage, model: try model.identity(),
        detector: try detector.identity(), detection: detections.options)
      let job = try BatchJob(
        list: manifest, output: output, shard: shard, settings: settings,
        start: resume ? .resume : force ? .replace : .refuse)
      try Interruption.deferred { try work(job) }
    }
  }

  /// Does the missing work, and reports.
  private func work(_ job: BatchJob) throws {
    let progress = common.progress("batch", unit: "items")
    let log = NoticeLog(common)
    let summary = try {
      defer { progress.finish() }
      return try job.run(
        model: { try model.load(machine) },
        detector: { try detector.loadIfGiven(machine, budget: model.graphBudget) },
        cancellation: Interruption.cancellation,
        events: events(progress, log))
    }()
    let (count, failed) = (summary.itemCount, summary.failedCount)
    guard summary.isFinished else {
      common.note("\(summary.doneCount) of \(count) items are done; --resume continues")
      return
    }
    if json {
      let report: JSONValue = [
        "results": .string(job.resultsPath), "items": .init(count), "failed": .init(failed),
        "incomplete": .init(summary.incompleteCount),
        "from_earlier_runs": .init(summary.earlierCount), "notices": log.all.json,
      ]
      Console.data(report.text(.pretty))
    } else {
      let parts = [
        (failed, "failed"), (summary.incompleteCount, "incomplete"),
        (summary.earlierCount, "from earlier runs"),
      ]
      let items = "\(count) item\(count == 1 ? "" : "s")"
      let numbers = [items] + parts.filter { $0.0 > 0 }.map { "\($0) \($1)" }
      common.note("\(job.resultsPath): " + numbers.joined(separator: ", "))
    }
    if failed > 0 || summary.incompleteCount > 0 { throw Tool.someItemsFailed }
  }

  /// Further failures appear only in the results.
  private static let shownFailures = 20

  private func events(_ progress: ProgressLine, _ log: NoticeLog) -> BatchJob.Events {
    var failed = 0
    return BatchJob.Events {
      progress.update($0, of: $1, before: $2)
    } failed: { failure in
      failed += 1
      progress.finish()
      if failed <= Self.shownFailures {
        Tool.report(failure)
      } else if failed == Self.shownFailures + 1 {
        common.note("more items fail; the results list them")
      }
    } noticed: { notice in
      progress.finish()
      log.add([notice])
    }
  }
}
