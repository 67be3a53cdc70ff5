import ArgumentParser
import Bytes
import CLISupport
import JSON
import SAM2

struct SegmentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "segment",
    abstract: "Finds the objects that clicks, boxes or masks point at in pictures.",
    discussion: """
      All points and the box together describe one object; --prompts gives several. Coordinates \
      are pixels of the upright picture (EXIF orientation applied), x to the right, y down.

      DIR/NAME.png holds the mask of picture NAME (255 inside); with several prompts or masks they \
      are DIR/NAME_PROMPT_MASK.png, counted from 0. --format davis writes one palette PNG instead.
      """)

  @Argument(help: "Pictures: JPEG or PNG files.", completion: .file())
  var images: [String]

  @OptionGroup(title: "Prompts") var prompts: SegmentPrompts

  @Option(name: [.short, .long], help: ArgumentHelp("Folder for results.", valueName: "dir"))
  var output: String

  @Option(help: "How masks are written: png, or davis (a palette PNG with object numbers).")
  var format = SegmentFormat.png

  @Flag(help: "Also write DIR/NAME_overlay.png: the picture with masks and prompts drawn on it.")
  var overlay = false

  @Option(
    help: ArgumentHelp(
      "Also write the mask logits of one picture: float32 [prompts, masks, S/4, S/4].",
      valueName: "file.npy"))
  var saveLogits: String?

  @Flag(help: "Print scores, areas, boxes and times as JSON.")
  var json = false

  @OptionGroup var model: ModelSource
  @OptionGroup var machine: RunOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if saveLogits != nil && images.count > 1 {
      throw ValidationError("--save-logits needs exactly one picture")
    }
    if format == .davis && prompts.choice == .all {
      throw ValidationError("--format davis holds one mask an object: leave out --multimask")
    }
  }

  func run() throws {
    try Tool.run {
      let requested = try prompts.requested()
      let outputs = try SegmentOutputs(
        images: images, prompts: requested, choice: prompts.choice, folder: output, format: format,
        drawsOverlay: overlay, logitsFile: saveLogits)
      let job = SegmentJob(
        model: try model.load(machine), prompts: requested, choice: prompts.choice, outputs: outputs
      )
      try segmentAll(job)
    }
  }

  /// Segments each picture; one that fails is reported, and the others go on.
  private func segmentAll(_ job: SegmentJob) throws {
    let progress = ProgressLine("segmenting", unit: "pictures", enabled: !common.quiet)
    var reports: [JSONValue] = []
    var failed = 0
    for (index, image) in images.enumerated() {
      do throws(Failure) {
        let result = try job.segment(image)
        reports.append(result.json)
        if !json {
          progress.finish()
          result.tell(verbose: common.verbose) { common.note($0) }
        }
      } catch {
        let failure = error.about(file: image)
        if images.count == 1 { throw failure }
        progress.finish()
        Tool.report(failure)
        reports.append(failure.json(image: image))
        failed += 1
      }
      progress.update(index + 1, of: images.count)
    }
    progress.finish()
    if json {
      let report: JSONValue = ["model": .string(model.name), "images": .array(reports)]
      Console.data(report.text(.pretty))
    }
    if failed > 0 {
      common.note("\(failed) of \(images.count) pictures failed")
      throw Tool.someItemsFailed
    }
  }
}

extension Failure {
  fileprivate func json(image: String) -> JSONValue {
    ["image": .string(image), "error": ["code": .string(code), "message": .string(description)]]
  }
}

/// How `sam2 segment` writes masks.
enum SegmentFormat: String, ExpressibleByArgument, CaseIterable {
  case png
  case davis
}
