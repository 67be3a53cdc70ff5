import Annotations
import ArgumentParser
import Bytes
import CLISupport
import JobSupport
import SAM2
import SAM2Jobs

struct AutoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "auto",
    abstract: "Finds the masks of everything in pictures, without prompts.",
    discussion: """
      Examples:

        sam2 auto dog.jpg -o everything --overlay
        sam2 auto pictures --points-per-side 16 --convert-to-rle -o everything
        sam2 auto pictures --format coco,cvat -o everything

      Clicks on a grid all over the picture, and keeps the masks that are good and no duplicates. \
      Options have the names and defaults of the official automatic mask generator.

      DIR/NAME holds a picture's masks as 0.png, 1.png and so on (255 inside), with metadata.csv. \
      With --convert-to-rle they are all in DIR/NAME.json, with the masks as COCO run lengths. \
      Boxes are x, y, width, height, the latter up to the last pixel inside.
      """)

  @Argument(help: PictureArguments.help, completion: .file())
  var images: [String]

  @Option(name: [.short, .long], help: ArgumentHelp("Folder for results.", valueName: "dir"))
  var output: String

  @OptionGroup(title: "Mask generator") var options: AutoOptions
  @OptionGroup(title: "Pictures") var reading: ReadingOptions

  @Option(
    help:
      "How masks are written: binary_mask (default without --format), uncompressed_rle, coco_rle."
  )
  var outputMode: AutoOutputMode?

  @Flag(name: .customLong("convert-to-rle"), help: "The same as --output-mode coco_rle.")
  var convertsToRLE = false

  @OptionGroup(title: "Formats") var formats: AnnotationOptions

  @Flag(
    help: """
      Also write DIR/NAME_overlay.jpg, or .png unless it is a JPEG: the picture with all masks \
      drawn on it.
      """)
  var overlay = false

  @OptionGroup var drawing: OverlayOptions

  @OptionGroup var pictureOverlays: PictureOverlayOptions
  @OptionGroup var show: ShowOption

  @Flag(help: "Replace results that exist.")
  var force = false

  @Flag(help: "Print areas, boxes, scores and times as JSON.")
  var json = false

  @OptionGroup var model: ModelSource
  @OptionGroup var machine: RunOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if convertsToRLE, let outputMode, outputMode != .cocoRLE {
      throw ValidationError("--convert-to-rle means --output-mode coco_rle")
    }
  }

  func run() throws {
    try Tool.run(json: json) {
      let resolved = try options.resolved()
      let found = try PictureArguments.found(images)
      let place = show.place()
      let outputs = try AutoOutputs(
        images: found.paths, folder: output, choices: outputChoices(place))
      let loaded = try model.load(machine)
      let generator = try AutomaticMaskGenerator(loaded, options: resolved)
      let log = NoticeLog(common)
      log.add(found.notices)
      let job = AutoJob(
        generator, reading: InputReading(pictures: reading.pictures), outputs: outputs)
      let shown = PictureShow(
        place,
        page: ResultPage(
          model: loaded, source: model, json: json,
          maximumPixels: reading.pictures.maximumPixels), folder: output)
      try generateAll(found.paths, job, log, shown)
    }
  }

  private func outputChoices(_ place: ShowPlace?) throws(Failure) -> AutoOutputChoices {
    var kinds = try formats.kinds(among: AnnotationKind.forPictures, default: nil)
    var mode = outputMode ?? (convertsToRLE ? .cocoRLE : nil)
    // The folder of masks is this command's form of plain PNGs.
    if mode == nil, kinds.isEmpty || kinds.contains(.png) { mode = .binaryMask }
    kinds.removeAll { $0 == .png }
    var choices = AutoOutputChoices(
      mode: mode, kinds: kinds, context: formats.naming.context,
      overlay: overlay || place?.needsOverlay ?? false ? drawing.parts : nil,
      replacesExisting: force)
    choices.overlayFormat = pictureOverlays.format
    return choices
  }

  /// Processes each picture; one that fails is reported, and the others continue.
  private func generateAll(
    _ images: [String], _ job: AutoJob, _ log: NoticeLog, _ shown: PictureShow
  ) throws {
    var shown = shown
    var tally = PictureTally(count: images.count, log)
    for image in images {
      do {
        let result = try generate(image, index: tally.annotated.count, job)
        shown.add(image, overlay: result.files.overlay, result.objects)
        tally.add(
          result.json, notices: result.notices, annotations: result.files.annotations)
      } catch let failure as Failure {
        try tally.add(failure, image: image)
      }
    }
    let files = try job.outputs.annotations.finish(tally.annotated)
    let ending = Result { try tally.finish(model: model.name, files: files, json: json, common) }
    try shown.show()
    try ending.get()
  }

  /// Finds and writes the masks of one picture, and reports on them.
  private func generate(_ image: String, index: Int, _ job: AutoJob) throws -> AutoResult {
    let progress = common.progress(fileName(image), unit: "clicks")
    defer { progress.finish() }
    let result = try job.generate(image, index: index) { progress.update($0.done, of: $0.total) }
    progress.finish()
    guard !json else { return result }
    let files = result.files
    let place = files.masks.isEmpty ? files.index ?? image : folderName(files.masks[0])
    common.note("\(place): \(result.masks.count) masks")
    if let overlay = files.overlay { common.note(overlay) }
    common.detail("\(image): " + result.clock.line)
    return result
  }
}
