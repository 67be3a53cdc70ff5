import Annotations
import ArgumentParser
import Bytes
import CLISupport
import Detector
import JSON
import JobSupport
import SAM2Jobs

struct DetectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detect",
    abstract: "Finds things in pictures by words or by an example, and gives boxes around them.",
    discussion: """
      Examples:

        sam2 detect street.jpg --detector owlv2.sam2 --text "red car" dog --json
        sam2 detect 'shots/*.jpg' --detector owlv2.sam2 --text person -o boxes --format coco,yolo
        sam2 detect shelf.jpg --detector owlv2.sam2 --like tin.jpg --box 10,20,110,220 --overlay -o out

      Each word or phrase is a class of its own. Boxes are in pixels of the upright picture, best \
      first; with --json, as {"images": [{"image", "width", "height", "detections": [{"label", \
      "score", "box": [x0, y0, x1, y1]}]}]}. When nothing is found in any picture the exit code is \
      1, and the files are there, and empty. sam2 segment --text makes masks of the boxes.
      """)

  @Argument(help: PictureArguments.help, completion: .file())
  var images: [String]

  @OptionGroup var target: DetectTargetArguments
  @OptionGroup var detections: DetectionArguments
  @OptionGroup(title: "Pictures") var reading: ReadingOptions

  @Option(name: [.short, .long], help: ArgumentHelp("Folder for results.", valueName: "dir"))
  var output: String?

  @OptionGroup(title: "Formats") var formats: AnnotationOptions

  @Flag(help: "Also write DIR/NAME_overlay.jpg, or .png: the picture with the boxes.")
  var overlay = false

  @OptionGroup var pictureOverlays: PictureOverlayOptions

  @Option(
    help: ArgumentHelp(
      "Also write the results for every patch of one picture: logits.npy [n, texts], boxes.npy "
        + "[n, 4] (centre and size in 0 to 1 of the padded picture), objectness.npy [n].",
      valueName: "dir"))
  var saveLogits: String?

  @Flag(help: "Print labels, scores, boxes and times as JSON.")
  var json = false

  @OptionGroup var detector: DetectorSource
  @OptionGroup var machine: RunOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    try Tool.run(json: json) {
      let found = try PictureArguments.found(images)
      let reading = InputReading(pictures: self.reading.pictures)
      let outputs = try DetectOutputs(images: found.paths, choices: outputChoices())
      let name = try detector.name()
      let loaded = try detector.load(machine)
      let job = DetectJob(
        loaded, queries: try target.target.queries(loaded, reading: reading),
        options: detections.options, reading: reading, outputs: outputs)
      let log = NoticeLog(common)
      log.add(found.notices)
      try detectAll(found.paths, job, name, log)
    }
  }

  private func outputChoices() throws(Failure) -> DetectOutputChoices {
    var choices = DetectOutputChoices()
    choices.folder = output
    let kinds = try formats.kinds(among: AnnotationKind.forPictures, default: nil)
    choices.formats = kinds.compactMap { BoxFormat($0) }
    guard choices.formats.count == kinds.count else {
      throw Failure(
        .usage, code: "format.unsuitable", "boxes alone can be written as coco and yolo",
        hint: "sam2 segment --text writes masks in all formats")
    }
    choices.context = formats.naming.context
    choices.context.categories = target.labels
    choices.overlay = overlay
    choices.overlayFormat = pictureOverlays.format
    choices.logitsFolder = saveLogits
    return choices
  }

  /// Processes each picture; one that fails is reported, and the others continue.
  private func detectAll(
    _ images: [String], _ job: DetectJob, _ detector: String, _ log: NoticeLog
  ) throws {
    let progress = common.progress("detecting", unit: "pictures")
    var tally = PictureTally(count: images.count, log)
    var boxed: [BoxedPicture] = []
    for (index, image) in images.enumerated() {
      do throws(Failure) {
        let result = try job.detect(image)
        if !result.notices.isEmpty || !json { progress.finish() }
        tally.add(result.json, notices: result.notices, annotations: nil)
        boxed.append(result.boxed)
        if !json { report(result) }
      } catch {
        progress.finish()
        try tally.add(error, image: image)
      }
      progress.update(index + 1, of: images.count)
    }
    progress.finish()
    let files = try job.outputs.finish(boxed)
    try tally.finish(model: detector, files: files, json: json, common)
    if boxed.allSatisfy(\.boxes.isEmpty) {
      common.note("nothing was found")
      throw Tool.someItemsFailed
    }
  }

  private func report(_ result: DetectResult) {
    for found in result.detections {
      let box = [found.box.x0, found.box.y0, found.box.x1, found.box.y1]
      common.note(
        "\(result.image): \(result.labels[found.query]) \(fixed(Double(found.score), 3)) at "
          + box.map { fixed(Double($0), 1) }.joined(separator: ","))
    }
    if result.detections.isEmpty { common.note("\(result.image): nothing") }
    common.detail("\(result.image): " + result.clock.line)
  }
}
