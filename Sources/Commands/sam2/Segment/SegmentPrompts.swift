import ArgumentParser
import Bytes
import SAM2
import SAM2Jobs

/// Post-processing of the masks of `sam2 segment`, under the official option names.
struct SegmentFinishOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: "Mask logits above it are inside.")
  var maskThreshold = 0.0

  @Option(
    parsing: .unconditional,
    help: "Holes up to this area, in low-resolution pixels, are filled; 0 keeps them.")
  var maxHoleArea = 0

  @Option(
    parsing: .unconditional,
    help: "Islands up to this area, in low-resolution pixels, are removed; 0 keeps them.")
  var maxSprinkleArea = 0

  @Flag(
    help: "Only the mask of an HQ-SAM model's HQ token; else it is added to the chosen mask.")
  var hqTokenOnly = false

  func validate() throws {
    guard maskThreshold.isFinite else {
      throw ValidationError("--mask-threshold must be a number")
    }
    guard maxHoleArea >= 0, maxSprinkleArea >= 0 else {
      throw ValidationError("--max-hole-area and --max-sprinkle-area must be 0 or more")
    }
  }

  /// These options in the form that the library takes.
  var finish: SegmentFinish {
    var finish = SegmentFinish()
    finish.maskThreshold = maskThreshold
    finish.maxHoleArea = maxHoleArea
    finish.maxSprinkleArea = maxSprinkleArea
    if hqTokenOnly { finish.refinement = .alone }
    return finish
  }
}

/// The prompt options of `sam2 segment`.
struct SegmentPrompts: ParsableArguments {
  @Option(
    name: .customLong("point"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "A click; label 1 (default) is on the object, 0 beside it. Repeatable.",
      valueName: "x,y[,label]"))
  var points: [PointArgument] = []

  @Option(
    name: .customLong("box"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "A box around the object; several boxes alone are an object each.", valueName: "x0,y0,x1,y1"
    ))
  var boxes: [BoxArgument] = []

  @Option(
    name: .customLong("mask-prompt"),
    help: ArgumentHelp(
      "A rough mask: a picture of the size of the picture, or logits from --save-logits; several "
        + "alone are an object each.", valueName: "file"))
  var maskPrompts: [String] = []

  @OptionGroup var masks: MaskOptions

  @Option(
    name: .customLong("prompts"),
    help: ArgumentHelp("Several prompts, as JSON.", valueName: "file.json"))
  var files: [String] = []

  @Option(
    name: .customLong("text"), parsing: .upToNextOption,
    help: ArgumentHelp(
      "One or more words or phrases for the objects; a detector finds them.", valueName: "words"))
  var texts: [String] = []

  @Option(
    name: .customLong("examples"),
    help: ArgumentHelp(
      "Objects marked on other pictures, as JSON; they are found in each picture, or reported as "
        + "absent.", valueName: "file.json"),
    completion: .file(extensions: ["json"]))
  var exampleFile: String?

  @OptionGroup var detections: DetectionArguments

  @Flag(help: "Write all three candidates of each prompt.")
  var multimask = false

  @Flag(help: "Write the candidate with the highest predicted IoU.")
  var best = false

  func validate() throws {
    let isGivenHere = !points.isEmpty || !boxes.isEmpty || !maskPrompts.isEmpty
    if exampleFile != nil {
      guard files.isEmpty, !isGivenHere, texts.isEmpty, !multimask, !best else {
        throw ValidationError(
          "--examples excludes --point, --box, --mask-prompt, --prompts, --text, --multimask and "
            + "--best")
      }
      return try detections.refuse()
    }
    if files.isEmpty && !isGivenHere && texts.isEmpty {
      throw ValidationError(
        "name the object: --point, --box, --mask-prompt, --prompts, --text or --examples")
    }
    if !texts.isEmpty && (isGivenHere || !files.isEmpty || multimask) {
      throw ValidationError(
        "--text excludes --point, --box, --mask-prompt, --prompts and --multimask")
    }
    if Set(texts).count < texts.count { throw ValidationError("a text is given more than once") }
    if texts.isEmpty { try detections.refuse() }
    if !files.isEmpty && isGivenHere {
      throw ValidationError("--prompts excludes --point, --box and --mask-prompt")
    }
    if files.count > 1 {
      throw ValidationError(
        "--prompts is given \(files.count) times; put all prompts into one file")
    }
    let kinds = [!points.isEmpty, !boxes.isEmpty, !maskPrompts.isEmpty].count { $0 }
    if max(boxes.count, maskPrompts.count) > 1 && kinds > 1 {
      throw ValidationError(
        "the other prompts do not name one of the several boxes or masks; give the "
          + "prompts of each object in the file of --prompts")
    }
    if multimask && best { throw ValidationError("--multimask and --best exclude each other") }
  }

  var choice: MaskSelection { multimask ? .all : best ? .best : .single }

  /// The prompts shared by all pictures; nil if words find those of each picture.
  ///
  /// Reads the file of `--prompts`.
  func requested() throws(Failure) -> [RequestedPrompt]? {
    guard texts.isEmpty else { return nil }
    if let file = files.first { return try PromptFile.read(file) }
    // If there are several boxes or masks, each is for a separate object.
    return (0..<max(1, boxes.count, maskPrompts.count)).map { index in
      RequestedPrompt(
        object: index + 1, points: points.map(\.point),
        box: boxes.indices.contains(index) ? boxes[index].box : nil,
        maskFile: maskPrompts.indices.contains(index) ? maskPrompts[index] : nil)
    }
  }
}
