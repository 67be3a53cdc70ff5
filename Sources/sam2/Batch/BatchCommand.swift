import ArgumentParser
import Bytes
import CLISupport
import JSON
import JobSupport

struct BatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "batch",
    abstract: "Works through a list of pictures and videos, in shards, and goes on after a stop.",
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
        {"id": "b", "video": "clip.mp4", "script": "session.json"}

      Its masks are in DIR/ID, as --format or "format" of the item says, its scores on a line of DIR/results.jsonl. That file appears when \
      all items are done, in the order of the list; equal calls give equal bytes, however often \
      they were stopped. An item that fails has a line that says why, and the others go on; \
      --resume tries it again. Formats/batch.md describes it all, with recipes for job schedulers.
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
  var shard: ShardArgument?

  @Flag(help: "Go on with the results of an earlier run: do what is missing or failed.")
  var resume = false

  @Flag(help: "Start again, whatever results there are.")
  var force = false

  @Flag(help: "Print numbers of items and the file with the results as JSON.")
  var json = false

  @OptionGroup(title: "Formats") var formats: BatchFormatOptions
  @OptionGroup(title: "Masks of prompts") var finish: SegmentFinish
  @OptionGroup(title: "Damaged videos") var damage: DamageOptions
  @OptionGroup var model: ModelSource
  @OptionGroup var machine: RunOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if resume && force { throw ValidationError("--resume and --force exclude each other") }
  }

  func run() throws {
    try Tool.run(json: json) {
      let shard = try shard?.resolved()
      let output = try OutputFolder(output)
      let settings = try BatchSettings(
        formats: formats, finish: finish, damage: damage, model: model)
      let manifest = try BatchManifest(manifest)
      let range = shard?.range(of: manifest.count) ?? 0..<manifest.count
      let directory = try output.create()
      let journal = try BatchJournal(
        output, directory, shard: shard, count: range.count,
        start: resume ? .resume : force ? .replace : .refuse)
      try Interruption.deferred {
        let folder = try BatchFolder(directory, shard: shard)
        defer { folder.close() }
        let writer = BatchWriter(
          formats: settings.formats, context: settings.context, folder: folder,
          replacesExisting: resume || force)
        if resume { try takeOver(journal, manifest, range, settings, writer) }
        try work(journal, range) {
          BatchStages(
            manifest: manifest, settings: settings, writer: writer, model: try model.load(machine))
        }
      }
    }
  }

  /// Finds which results of an earlier run still hold.
  private func takeOver(
    _ journal: BatchJournal, _ manifest: BatchManifest, _ range: Range<Int>,
    _ settings: BatchSettings, _ writer: BatchWriter
  ) throws(Failure) {
    guard journal.hasEarlierResults else { return }
    var positions: [UInt64: Int] = [:]
    for index in range {
      let digest = try settings.digest(of: manifest.item(index).json)
      positions[digest] = index - range.lowerBound
    }
    try journal.load(positions: positions, isWhole: writer.isWhole)
  }

  /// Does what is missing; the model is loaded only if anything is.
  private func work(
    _ journal: BatchJournal, _ range: Range<Int>, _ stages: () throws -> BatchStages
  ) throws {
    let earlier = journal.doneCount
    if !journal.missing.isEmpty {
      let run = BatchRun(try stages(), journal: journal, range: range, common: common)
      guard try run.run() else {
        common.note("\(journal.doneCount) of \(range.count) items are done; --resume goes on")
        return
      }
    }
    try journal.publish()
    let failed = range.count - journal.doneCount
    if json {
      let report: JSONValue = [
        "results": .string(journal.path), "items": .init(range.count), "failed": .init(failed),
        "from_earlier_runs": .init(earlier),
      ]
      Console.data(report.text(.pretty))
    } else {
      let parts = [(failed, "failed"), (earlier, "from earlier runs")].filter { $0.0 > 0 }
      let items = "\(range.count) item\(range.count == 1 ? "" : "s")"
      let numbers = [items] + parts.map { "\($0) \($1)" }
      common.note("\(journal.path): " + numbers.joined(separator: ", "))
    }
    if failed > 0 { throw Tool.someItemsFailed }
  }
}
