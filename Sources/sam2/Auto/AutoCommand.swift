import ArgumentParser
import Bytes
import CLISupport
import JSON
import Media
import SAM2

struct AutoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "auto",
    abstract: "Finds the masks of everything in pictures, without prompts.",
    discussion: """
      Clicks on a grid all over the picture, and keeps the masks that are good and no duplicates. \
      Options have the names and defaults of the official automatic mask generator.

      DIR/NAME holds a picture's masks as 0.png, 1.png and so on (255 inside), with metadata.csv. \
      With --convert-to-rle they are all in DIR/NAME.json, with the masks as COCO run lengths. \
      Boxes are x, y, width, height, the latter up to the last pixel inside.

        sam2 auto dog.jpg -o everything --overlay
        sam2 auto pictures/*.jpg --points-per-side 16 --convert-to-rle -o everything
      """)

  @Argument(help: "Pictures: JPEG or PNG files.", completion: .file())
  var images: [String]

  @Option(name: [.short, .long], help: ArgumentHelp("Folder for results.", valueName: "dir"))
  var output: String

  @OptionGroup(title: "Mask generator") var options: AutoOptions

  @Option(help: "How masks are written: binary_mask, uncompressed_rle or coco_rle.")
  var outputMode: AutoOutputMode?

  @Flag(name: .customLong("convert-to-rle"), help: "The same as --output-mode coco_rle.")
  var convertsToRLE = false

  @Flag(help: "Also write DIR/NAME_overlay.png: the picture with all masks drawn on it.")
  var overlay = false

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
    try Tool.run {
      let resolved = try options.resolved()
      let mode = outputMode ?? (convertsToRLE ? .cocoRLE : .binaryMask)
      let outputs = try AutoOutputs(
        images: images, folder: output, mode: mode, drawsOverlay: overlay, replacesExisting: force)
      let generator = try AutomaticMaskGenerator(model.load(machine), options: resolved)
      try generateAll(generator, outputs)
    }
  }

  /// Treats each picture; one that fails is reported, and the others go on.
  private func generateAll(_ generator: AutomaticMaskGenerator, _ outputs: AutoOutputs) throws {
    var reports: [JSONValue] = []
    var failed = 0
    for image in images {
      do {
        reports.append(try generate(image, generator, outputs))
      } catch let failure as Failure {
        let failure = failure.about(file: image)
        if images.count == 1 { throw failure }
        Tool.report(failure)
        reports.append([
          "image": .string(image),
          "error": ["code": .string(failure.code), "message": .string(failure.description)],
        ])
        failed += 1
      }
    }
    if json {
      let report: JSONValue = ["model": .string(model.name), "images": .array(reports)]
      Console.data(report.text(.pretty))
    }
    if failed > 0 {
      common.note("\(failed) of \(images.count) pictures failed")
      throw Tool.someItemsFailed
    }
  }

  /// Finds and writes the masks of one picture, and reports on them.
  private func generate(
    _ image: String, _ generator: AutomaticMaskGenerator, _ outputs: AutoOutputs
  ) throws -> JSONValue {
    var clock = StageClock()
    let picture = try clock.time("decode") { try ImageReader.read(image) }
    let progress = ProgressLine(fileName(image), unit: "clicks", enabled: !common.quiet)
    defer { progress.finish() }
    let masks = try clock.time("generate") {
      try generator.generate(picture) { progress.update($0.done, of: $0.total) }
    }
    let files = try clock.time("write") { try outputs.write(masks, of: image, picture: picture) }
    progress.finish()
    if !json {
      let place = files.masks.isEmpty ? files.index : folderName(files.index)
      common.note("\(place): \(masks.count) masks")
      if let overlay = files.overlay { common.note(overlay) }
      let stages = clock.stages.map { "\($0.name) \(fixed($0.milliseconds, 1)) ms" }
      common.detail("\(image): " + stages.joined(separator: ", "))
    }
    return report(image, picture, masks, files, clock)
  }

  private func report(
    _ image: String, _ picture: RGBImage, _ masks: [AutomaticMask], _ files: AutoFiles,
    _ clock: StageClock
  ) -> JSONValue {
    let entries: [JSONValue] = masks.enumerated().map { index, mask in
      let file: [(key: String, value: JSONValue)] =
        files.masks.isEmpty ? [] : [("file", .string(files.masks[index]))]
      return .object(file + mask.facts)
    }
    var members: [(key: String, value: JSONValue)] = [
      ("image", .string(image)), ("width", .init(picture.width)), ("height", .init(picture.height)),
      ("applied_orientation", .init(picture.appliedOrientation)),
      ("index", .string(files.index)), ("masks", .array(entries)), ("milliseconds", clock.json),
    ]
    if let overlay = files.overlay { members.append(("overlay", .string(overlay))) }
    return .object(members)
  }
}
