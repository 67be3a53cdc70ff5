import Annotations
import ArgumentParser
import Bytes
import CLISupport
import JSON
import SAM2
import SAM2Jobs

struct SegmentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "segment",
    abstract: "Finds the objects that clicks, boxes or masks point at in pictures.",
    discussion: """
      Examples:

        sam2 segment dog.jpg --point 420,310 -o masks --overlay
        sam2 segment dog.jpg --box 300,120,640,480 --point 310,130,0 -o masks
        sam2 segment *.jpg --prompts prompts.json --json -o masks > masks.json
        sam2 segment street.jpg --text "red car" dog --detector owlv2.sam2 -o masks --format coco

      With --examples objects marked on a few pictures are found in all others; FILE.json is \
      {"examples": [{"image": "a.jpg", "prompts": [{"object": 1, "points": [[210, 350]]}]}]} \
      (Formats/examples.md). Examples among the pictures are left out.

        sam2 segment photos --examples marked.json -o masks --json

      With --text a detector finds objects by words (see sam2 detect), and masks carry label and \
      score; when nothing is found in any picture the exit code is 1, and files are empty.

      All points and the box together describe one object; several boxes, or --prompts, give \
      several. Coordinates are pixels of the upright picture (EXIF orientation applied), x to the \
      right, y down; places outside the picture are taken as they are.

      DIR/NAME.png holds the mask of picture NAME (255 inside); with several prompts or masks they \
      are DIR/NAME_PROMPT_MASK.png, counted from 0. Formats/annotations.md describes the other \
      formats. Results of an earlier run on the same picture are replaced.

        sam2 segment dog.jpg --point 420,310 -o masks --overlay
        sam2 segment 'pictures/*.jpg' --prompts prompts.json --format coco,yolo -o labels
        find . -name '*.jpg' | sam2 segment - --box 10,10,200,200 -o masks
      """)

  @Argument(help: PictureArguments.help, completion: .file())
  var images: [String]

  @OptionGroup(title: "Prompts") var prompts: SegmentPrompts
  @OptionGroup(title: "Pictures") var reading: ReadingOptions
  @OptionGroup(title: "Masks") var finish: SegmentFinishOptions

  @Option(name: [.short, .long], help: ArgumentHelp("Folder for results.", valueName: "dir"))
  var output: String

  @OptionGroup(title: "Formats") var formats: AnnotationOptions

  @Flag(
    help: """
      Also write DIR/NAME_overlay.jpg, or .png unless it is a JPEG: the picture with masks and \
      prompts drawn on it.
      """)
  var overlay = false

  @OptionGroup var drawing: OverlayOptions

  @OptionGroup var pictureOverlays: PictureOverlayOptions
  @OptionGroup var show: ShowOption

  @Option(
    help: ArgumentHelp(
      "Also write the mask logits of one picture: float32 [prompts, masks, S/4, S/4].",
      valueName: "file.npy"))
  var saveLogits: String?

  @Flag(help: "Print scores, areas, boxes and times as JSON.")
  var json = false

  @OptionGroup var detector: DetectorSource
  @OptionGroup var model: ModelSource
  @OptionGroup var machine: RunOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    try Tool.run(json: json) {
      if let file = prompts.exampleFile { return try segment(byExamplesIn: file) }
      try segmentByPrompts()
    }
  }

  private func segmentByPrompts() throws {
    let requested = try prompts.requested()
    let place = show.place()
    let found = try PictureArguments.found(images)
    let outputs = try SegmentOutputs(
      images: found.paths, prompts: requested, choice: prompts.choice, folder: output,
      choices: try outputChoices(place))
    let loaded = try model.load(machine)
    let job = SegmentJob(
      model: loaded, source: try source(requested), choice: prompts.choice,
      finish: finish.finish,
      reading: InputReading(pictures: reading.pictures, masks: prompts.masks.maskReading),
      outputs: outputs)
    let log = NoticeLog(common)
    log.add(found.notices)
    try segmentAll(found.paths, job, log, pictureShow(place, loaded))
  }

  private func pictureShow(_ place: ShowPlace?, _ loaded: SegmentationModel) -> PictureShow {
    PictureShow(
      place,
      page: ResultPage(
        model: loaded, source: model, json: json,
        maximumPixels: reading.pictures.maximumPixels), folder: output)
  }

  /// Finds the objects marked in examples in the pictures that are not examples.
  private func segment(byExamplesIn file: String) throws {
    let examples = try ExampleFile.read(file)
    let found = try PictureArguments.found(images)
    let others = found.paths.filter { path in
      !examples.contains { isSameFile($0.image, path) }
    }
    guard !others.isEmpty else {
      throw Failure(
        .usage, code: "examples.pictures", "all pictures are examples; there is nothing to segment",
        hint: "name the pictures in which to look for the objects")
    }
    let place = show.place()
    let outputs = try SegmentOutputs(
      images: others, prompts: examples.objects, choice: .single, folder: output,
      choices: try outputChoices(place))
    let reading = InputReading(pictures: reading.pictures, masks: prompts.masks.maskReading)
    let loaded = try model.load(machine, for: .tracking)
    let segmenter = try ExampleSegmenter(
      model: loaded, examples: examples, finish: finish.finish,
      reading: reading)
    let log = NoticeLog(common)
    log.add(found.notices + segmenter.notices)
    if others.count < found.paths.count {
      log.add([
        Notice(
          .leftOut, code: "examples.pictures",
          "\(found.paths.count - others.count) of the pictures are examples and are not segmented",
          file: file)
      ])
    }
    try segmentAll(
      others, SegmentJob(examples: segmenter, reading: reading, outputs: outputs), log,
      pictureShow(place, loaded))
  }

  /// The prompts for every picture, or a detector that finds them.
  private func source(_ requested: [RequestedPrompt]?) throws(Failure) -> PromptSource {
    if let requested { return .given(requested) }
    let loaded = try detector.load(machine, budget: model.graphBudget)
    return .words(
      WordPrompter(
        loaded, queries: try loaded.queries(for: prompts.texts),
        options: prompts.detections.options))
  }

  private func outputChoices(_ place: ShowPlace?) throws(Failure) -> SegmentOutputChoices {
    var choices = SegmentOutputChoices(
      kinds: try formats.kinds(among: AnnotationKind.forPictures, default: .png),
      context: formats.naming.context,
      overlay: overlay || place?.needsOverlay ?? false ? drawing.parts : nil, logitsFile: saveLogits
    )
    choices.overlayFormat = pictureOverlays.format
    if !prompts.texts.isEmpty { choices.context.categories = prompts.texts }
    return choices
  }

  /// Segments each picture; one that fails is reported, and the others continue.
  private func segmentAll(
    _ images: [String], _ job: SegmentJob, _ log: NoticeLog, _ shown: PictureShow
  ) throws {
    var shown = shown
    let progress = common.progress("segmenting", unit: "pictures")
    var tally = PictureTally(count: images.count, log)
    var foundCount = 0
    for (index, image) in images.enumerated() {
      do throws(Failure) {
        let result = try job.segment(image, index: tally.annotated.count)
        foundCount += result.answers.count { $0.isPresent || !$0.prompt.isFoundByExample }
        shown.add(image, overlay: result.files.overlay, result.objects)
        if !result.notices.isEmpty { progress.finish() }
        tally.add(
          result.json, notices: result.notices, annotations: result.files.annotations)
        if !json {
          progress.finish()
          result.writeLines(verbose: common.verbose) { common.note($0) }
        }
      } catch {
        progress.finish()
        try tally.add(error, image: image)
      }
      progress.update(index + 1, of: images.count)
    }
    progress.finish()
    let files = try job.outputs.annotations.finish(tally.annotated)
    let ending = Result { try tally.finish(model: model.name, files: files, json: json, common) }
    try shown.show()
    try ending.get()
    if foundCount == 0 {
      common.note("nothing was found")
      throw Tool.someItemsFailed
    }
  }
}
